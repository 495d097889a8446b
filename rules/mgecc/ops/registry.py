"""The table of operators, filled by the modules of this folder when first asked."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeVar

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Value
from mgecc.graph.attributes import NoAttrs, check
from mgecc.graph.symbolic import Undecided, strict
from mgecc.ops.counted import Extents, Given, Maker, Numbers
from mgecc.ops.signature import check_operands, signature
from mgecc.ops.spans import Span, whole_range
from mgecc.ops.window import Window

Expression = tuple[Any, ...]
"""(mode, operand, ...), an operand being an input's position, a float, or another expression."""


class Operator:
    """Base of all operators. Subclasses are never instantiated; they hold static methods.

    What passes and planner ask of any operator, an operator states here; no list of names elsewhere has to know it.
    """

    name: str = ""
    """The operator of ``Node.op``."""
    Attributes: type[Attributes] = NoAttrs
    operands: str = "any*"
    """How many a model file gives it and their kinds, see ``signature``; passes may append others."""
    limits: str = ""
    """What of it is served, for users."""
    reads_values: tuple[int, ...] = ()
    """Positions of inputs whose numbers, not only types, the shape rule needs."""
    reads_shapes_only: bool = False
    """Whether its results depend on nothing but the shapes of its inputs."""
    sized_by: int | None = None
    """The input that alone gives the result its shape, None where several do."""
    weights: tuple[int, ...] = ()
    """Positions of the inputs that kernels can read as halves from the blob."""
    reserves: tuple[int, ...] = ()
    """Positions of the results that only training needs."""
    halves: Literal["", "stored", "computed"] = ""
    """What its kernels do with float16: "stored", they take and give them as they are stored (copies of data, and what
    works element by element), "computed", they compute in them where the target does, or nothing, and conversions to
    float32 and back stand around it."""
    narrowed: bool = False
    """Whether it reads and gives halves where all float32 values become halves (enable_ioc16)."""
    elementwise: bool = False
    """Whether it computes each number of the result of those in the same place of the operands, which broadcast: passes
    may let it work in front of a transpose, on all elements instead of some, or on every byte for a table."""
    moves: bool = False
    """Whether the result has numbers of the inputs as they are, so that ``evaluate`` takes expressions over sizes."""
    reshapes: bool = False
    """Whether the result has the numbers of the first input in their order."""

    @staticmethod
    def wide_inputs(node: Node) -> tuple[int, ...]:
        """Positions of constants that kernels may read as integers of 64 bits."""
        return ()

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        """Types of the results; raises Unsupported for forms that do not exist or are not served."""
        raise NotImplementedError

    @staticmethod
    def bound(node: Node) -> tuple[int, ...] | None:
        """The largest shape of the result, where computed numbers decide it but what they are of tells a bound."""
        return None

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Stored numbers of the results; element types are in ``node.outputs[k].type``."""
        raise NotImplementedError

    @classmethod
    def of_sizes(cls, node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """The result where the inputs, or their shapes, are expressions over sizes; Undecided if it is none."""
        if cls.moves:
            return cls.evaluate(node, inputs)[0]
        raise Undecided("its operands depend on the sizes, and their numbers are needed")

    @staticmethod
    def macs(node: Node) -> int:
        """Multiply-accumulates; 0 of what is no product."""
        return 0

    @staticmethod
    def is_identity(node: Node) -> bool:
        """Whether the result is the first input as it is."""
        return False

    @staticmethod
    def selects(node: Node) -> bool:
        """Whether every number of the result is one of the first input's, whatever else the node does."""
        return False

    @staticmethod
    def by_channels(node: Node) -> bool:
        """Whether each channel, along axis 1, is computed of the same one of the first input, and of constants."""
        return False

    @classmethod
    def window(cls, node: Node) -> Window | None:
        """Through which window a place (h, w) of the result (n, c, h, w) sees the first input, whose padding is
        ``padding`` of the attributes if there is any; other inputs are seen at the same place, weights as a whole.
        None where it is not so."""
        return Window((1, 1), (1, 1), (1, 1), ((0, 0), (0, 0))) if cls.elementwise else None

    @staticmethod
    def expression(node: Node) -> Expression | None:
        """The node as FusedElemwise has it, over the positions of its inputs; None if it can't be part of one."""
        return None

    @staticmethod
    def varies(node: Node) -> bool:
        """Whether the node itself decides, while the model runs, how large its results are."""
        return False

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        """Which results vary in size, of a node that decides that or reads data that does; Unsupported if it can't."""
        raise given.unserved()

    @staticmethod
    def lowered(node: Node, given: Given, found: Extents, make: Maker) -> Node:
        """What stands in the node's place once its kernels run; ``found``: what ``counted`` said."""
        return node

    @staticmethod
    def numbers(node: Node, given: Given) -> Numbers | None:
        """The elements of the first result, where the node makes a shape of shapes."""
        return None

    @staticmethod
    def span(node: Node, value: Value, depth: int) -> Span | None:
        """Which whole numbers its result ``value`` can hold; None if that is not known, or it can hold others."""
        return whole_range(value)

    @staticmethod
    def exact_span(node: Node, spans: Sequence[Span]) -> Span | None:
        """What its result could hold if integers had any number of bits, for operands in ``spans``; None of an operator
        whose results cannot leave the type of its operands."""
        return None


_TABLE: dict[str, type[Operator]] = {}
_O = TypeVar("_O", bound=type[Operator])


def operator(name: str) -> Callable[[_O], _O]:
    """Register the decorated class as operator ``name``."""

    def register(cls: _O) -> _O:
        if name in _TABLE:
            raise ValueError(f"operator {name} is defined twice")
        signature(cls.operands)
        cls.name = name
        _TABLE[name] = cls
        return cls

    return register


@cache
def _load() -> None:
    package = importlib.import_module("mgecc.ops")
    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"mgecc.ops.{module}")


def operators() -> list[type[Operator]]:
    """All operators, by name."""
    _load()
    return [_TABLE[name] for name in sorted(_TABLE)]


def find(name: str) -> type[Operator]:
    """The operator called ``name``; KeyError if there is none."""
    _load()
    return _TABLE[name]


def attributes_of(name: str, words: Mapping[str, Any]) -> Attributes:
    """Attributes of operator ``name`` of their words, ``None`` where one is not stated."""
    return find(name).Attributes(**{word: value for word, value in words.items() if value is not None})


def check_node(node: Node) -> None:
    """Unsupported unless the node has operands and attributes of its operator, as nodes of model files may not."""
    rule = find(node.op)
    check_operands(rule.operands, [value.type for value in node.inputs])
    check(node.attributes(rule.Attributes))


def infer(node: Node) -> list[TensorType]:
    """Types of the node's results."""
    with strict():
        return find(node.op).infer(node)


def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Stored numbers of the node's results, in the element types of its outputs."""
    results = find(node.op).evaluate(node, inputs)
    stored = [np.ascontiguousarray(r, dtype=v.type.dtype.numpy) for r, v in zip(results, node.outputs)]
    return [_with_one_nan(a) if a.dtype.kind == "f" else a for a in stored]


def _with_one_nan(array: np.ndarray) -> np.ndarray:
    """Processors give NaN other signs and payloads, which must not be seen in folded constants."""
    found = np.isnan(array)
    return np.where(found, array.dtype.type(np.nan), array) if found.any() else array
