"""Operators whose result is the memory of their operand: no kernel runs. May import: mgecc.kernels, mgecc.graph."""
