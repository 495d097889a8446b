"""Rows of quantised bytes that are normalised in fixed point. May import: mgecc.graph, mgecc.ops, mgecc.targets,
mgecc.kernels, numpy.
"""
