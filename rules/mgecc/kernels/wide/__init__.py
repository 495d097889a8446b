"""Conversion between integers of inputs and outputs and those of kernels. May import: mgecc.graph, mgecc.kernels."""
