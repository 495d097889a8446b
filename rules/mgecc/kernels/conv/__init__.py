"""Two-dimensional convolutions in float32: register tiles, depthwise windows, first layers and a plain fallback.

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
