"""Int8 and uint8 convolution: GEMM and depthwise kernels by instruction, and a generic fallback.

Results are the stored numbers of the reference semantics, on every target. May import: mgecc.graph, mgecc.ops,
mgecc.targets, mgecc.kernels, numpy.
"""
