"""Pooling in float32, in channel blocks and in plain layout.

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels.
"""
