"""Calls of C functions that the user supplies, and kernels out of the user's own templates.

Tensors are plain; inputs and outputs never overlap. May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels,
jinja2.
"""
