"""Pooling of regions of interest: whole pixels, interpolated samples, and samples in moved bins.

Boxes are data: image numbers are bounded to the images there are, and no coordinate reads outside of an image.

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
