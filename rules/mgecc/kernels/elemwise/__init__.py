"""Element-wise expressions of any number of broadcast operands. May import: what mgecc.kernels may."""
