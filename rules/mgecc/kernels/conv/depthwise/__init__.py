"""Depthwise convolution: unrolled windows, rows of any height, and loops over taps for all others.

May import: what mgecc.kernels.conv may.
"""
