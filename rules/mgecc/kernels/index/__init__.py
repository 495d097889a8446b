"""Indexing: gathering and scattering by slices, index arrays and coordinate maps; flips, rotations, diagonals and
the order of colours.

Everything is one walk over the addressed part, see walk.py. Index numbers are never trusted: negative ones count from
the end, as in NumPy, and what is still outside of the axis then is taken as its nearest end, so that no kernel
reads or writes beyond its operands. (The meaning in ``mgecc.ops`` refuses such numbers.)

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
