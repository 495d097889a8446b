"""Float32 2-D convolution: direct, im2col + GEMM, Winograd, depthwise, and a generic fallback.

A folder per method, with its templates beside it. May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels,
numpy.
"""
