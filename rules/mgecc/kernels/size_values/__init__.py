"""Numbers that depend on declared sizes as a tensor. May import: mgecc.kernels, mgecc.graph."""
