"""Quantised depthwise convolution, one module per kind of multiply-accumulate instruction.

May import: what mgecc.kernels.qconv may.
"""
