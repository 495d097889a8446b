"""Small operators of their own: Linspace with computed ends, Cross, CheckNonFinite. (Eye and Alloc are constants.)

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
