"""Operators: for each its records, its shape rule and its one NumPy meaning, the oracle of everything else.

Every module in this folder is loaded by name; ``@operator`` registers what it defines, there is no list to edit.
May import: mgecc.graph, numpy.
"""

from mgecc.ops.registry import Operator, check_record, evaluate, find, for_record, infer, operator, operators

__all__ = ["Operator", "check_record", "evaluate", "find", "for_record", "infer", "operator", "operators"]
