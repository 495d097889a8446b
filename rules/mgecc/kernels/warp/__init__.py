"""Warps: result pixels are read at source coordinates of a matrix or a map, between pixels and past borders.

Coordinates are bounded before they address anything: whatever a matrix or a map holds, no pixel outside of an image is
read. Images (n, h, w, 1 or 3) take OpenCV's fixed-point coordinates, formed in double precision; a processor without it
needs the compiler's support library (libgcc or compiler-rt).

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
