"""Convolutions that gather: transposed, 3-D, region restricted and locally connected ones."""
