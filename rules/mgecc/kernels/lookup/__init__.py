"""Tables of results, read by bytes or found by thresholds. May import: mgecc.graph, mgecc.targets, mgecc.kernels."""
