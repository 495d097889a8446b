"""Float32 matrix products: register tiles on packed or plain right operands, dot products of rows, and any form.

Tiles and packed panels as in Goto and van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication" (ACM TOMS
34, 3). May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""
