"""Convolutions of quantised 8-bit data: tiles of four-fold products, depthwise windows and a plain fallback.

Results are the stored numbers of the operators' meaning, on every target. May import: mgecc.graph, mgecc.ops,
mgecc.targets, mgecc.kernels, numpy.
"""
