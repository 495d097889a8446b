"""Images and volumes read at computed places. May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels."""
