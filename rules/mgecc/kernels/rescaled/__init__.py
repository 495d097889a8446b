"""Operators of quantised bytes in fixed point besides sums of products: sums, products, means, softmax, conversions.

Results are the stored numbers of the operators' meaning, on every target. May import: mgecc.graph, mgecc.ops,
mgecc.targets, mgecc.kernels, numpy.
"""
