"""Warps: every result pixel is read at source coordinates that a matrix or a map gives, between pixels and past borders.

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
