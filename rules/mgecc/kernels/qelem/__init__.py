"""Element-wise steps that end in quantised bytes, four vectors at a time: conversion of real numbers, sums of two.

Results are the stored numbers of the operators' meaning. May import: mgecc.graph, mgecc.ops, mgecc.targets,
mgecc.kernels, numpy.
"""
