"""Choosing elements by conditions: CondTake, NonZero, NMSKeep.

How many are chosen depends on the data. Results have the size of their bound, the chosen elements stand first, and
zeros fill the rest. Each kernel knows the number chosen when it ends (``count``): to hand it on, a result of one
int32 would be added to the node and to the kernel's operands, as NMSKeep has it already.

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
