"""Choosing elements by conditions, joining what was chosen, and filling up behind it.

How many are chosen depends on the data. Results have the size of their bound, the chosen elements stand first, and
zeros fill the rest. Where the node has one more result (passes.carry_valid_counts adds it), it is the number
chosen, one int32; NMSKeep and ConcatCounted always have it.

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
