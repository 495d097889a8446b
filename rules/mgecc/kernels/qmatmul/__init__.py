"""Products of matrices of quantised 8-bit numbers: rows times packed constant weights, and a plain form for all else.

Results are the stored numbers of the operators' meaning, on every target. May import: mgecc.graph, mgecc.ops,
mgecc.targets, mgecc.kernels, numpy.
"""
