"""Colours to gray, and to YUV and back. (Other conversions choose channels: family index.)

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
