"""Bilinear interpolation of quantised bytes by integers.

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels.
"""
