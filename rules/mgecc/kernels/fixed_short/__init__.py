"""Functions of 16-bit numbers in fixed point: logistic function, hyperbolic tangent, softmax.

Results are the stored numbers of the operators' meaning, on every target. May import: mgecc.graph, mgecc.ops,
mgecc.targets, mgecc.kernels, numpy.
"""
