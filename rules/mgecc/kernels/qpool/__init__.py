"""Pooling of quantised 8-bit data, channel-blocked or plain. Means round half away from zero, as their meaning does.

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels.
"""
