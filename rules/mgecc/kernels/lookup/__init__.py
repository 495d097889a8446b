"""Tables of 256 results, read by bytes. May import: mgecc.graph, mgecc.targets, mgecc.kernels."""
