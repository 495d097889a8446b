"""Matrix products in float32: register tiles on packed or plain right operands, rows by rows, and any form.

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
