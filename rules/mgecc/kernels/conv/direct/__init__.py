"""Direct convolution in channel blocks: register tiles of pixels x channels, read straight from the image.

May import: what mgecc.kernels.conv may.
"""
