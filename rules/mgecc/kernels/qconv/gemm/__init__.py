"""Quantised dense and grouped convolution as matrix product, one module per kind of multiply-accumulate instruction.

May import: what mgecc.kernels.qconv may.
"""
