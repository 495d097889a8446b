"""Decision trees. May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels."""
