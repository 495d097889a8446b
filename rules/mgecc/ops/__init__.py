"""Operators: for each its attributes, its shape rule and its one NumPy meaning, the oracle of everything else.

Every module in this folder is loaded by name; ``@operator`` registers what it defines, there is no list to edit.
May import: mgecc.graph, numpy.
"""

from mgecc.ops.registry import Operator, attributes_of, check_node, evaluate, find, infer, operator, operators

__all__ = ["Operator", "attributes_of", "check_node", "evaluate", "find", "infer", "operator", "operators"]
