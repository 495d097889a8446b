"""Colours to gray. (Other conversions choose channels: family index.)

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
