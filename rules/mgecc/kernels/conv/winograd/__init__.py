"""Winograd's minimal filtering of 3 x 3 windows, with transforms made by Cook-Toom interpolation.

May import: what mgecc.kernels.conv may.
"""
