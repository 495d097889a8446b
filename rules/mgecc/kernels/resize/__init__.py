"""Resizing and blurring: every result row and column is a weighted sum of a few source rows and columns.

Which ones and how much is decided at compile time and lies in the blob as tables, so one kernel serves all
interpolations, borders and layouts.

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
