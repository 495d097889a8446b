"""The program as data: graphs of nodes and typed values, and the diagnostics about them.

May import: numpy; of mgecc nothing but mgecc.errors.
"""

from mgecc.graph.attributes import Attributes, Range
from mgecc.graph.diagnostics import CompileError, Diagnostic, Diagnostics
from mgecc.graph.graph import Graph, Node, Patched, State, Value
from mgecc.graph.types import DType, TensorType
from mgecc.graph.unsupported import Unsupported

__all__ = [
    "Attributes",
    "CompileError",
    "DType",
    "Diagnostic",
    "Diagnostics",
    "Graph",
    "Node",
    "Patched",
    "Range",
    "State",
    "TensorType",
    "Unsupported",
    "Value",
]
