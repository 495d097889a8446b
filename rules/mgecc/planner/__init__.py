"""From chosen kernels to a program: execution order, memory plan, one weight section.

May import: mgecc.graph, mgecc.ops, mgecc.targets, mgecc.kernels, numpy.
"""

from mgecc.planner.program import IOTensor, Program, ProgramCall, Ref, StatePlace, shape_sets

__all__ = ["IOTensor", "Program", "ProgramCall", "Ref", "StatePlace", "shape_sets"]
