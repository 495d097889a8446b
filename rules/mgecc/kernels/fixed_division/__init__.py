"""Quotients of quantised bytes in fixed point. May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels,
numpy.
"""
