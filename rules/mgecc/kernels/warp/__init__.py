"""Warps: result pixels are read at source coordinates of a matrix or a map, between pixels and past borders.

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
