"""Sorting rows: all of them (Argsort), or the first few (TopK).

The order is the meaning's: equal elements keep their places, and numbers that are not a number count as largest.
May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
