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
from mgecc.graph.symbolic import strict
from mgecc.ops.counted import Extents, Given, Maker, Numbers
from mgecc.ops.signature import check_operands, signature
from mgecc.ops.spans import Span, whole_range


class Operator:
    """Base of all operators. Subclasses are never instantiated; they hold static methods.

    ``name``: the operator of ``Node.op``. ``Attributes``: the class of its attributes.
    ``operands``: how many a model file gives it and their kinds, see ``signature``; passes may append others.
    ``reads_values``: positions of inputs whose numbers (not only types) the shape rule needs. ``reads_shapes_only``:
    its results depend on nothing but the shapes of its inputs. ``sized_by``: the input that alone gives the result its
    shape, None where several do.

    What passes ask: ``weights``, positions of the inputs that kernels can read as halves from the blob; ``reserves``,
    positions of the results that only training needs; ``halves``, what its kernels do with float16: "stored", they take
    and give them as they are stored (copies of data, and what works element by element), "computed", they compute in
    them where the target does, or nothing, and conversions to float32 and back stand around it.
    """

    name: str = ""
    Attributes: type[Attributes] = NoAttrs
    operands: str = "any*"
    reads_values: tuple[int, ...] = ()
    reads_shapes_only: bool = False
    sized_by: int | None = None
    weights: tuple[int, ...] = ()
    reserves: tuple[int, ...] = ()
    halves: Literal["", "stored", "computed"] = ""
    limits: str = ""

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
