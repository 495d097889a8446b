"""Convolution as matrix product: im2col, packed panels, cache blocks and prefetched weights.

May import: what mgecc.kernels.conv may.
"""
