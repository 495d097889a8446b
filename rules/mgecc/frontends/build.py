"""The graph builder of all front ends: it adds values and nodes, infers types, folds constants, collects problems.

A front end reads its format. For each node of the file it enters ``at`` with that ``SourceNode`` and calls ``add`` for
one node of the graph or several. Each is checked, its types are inferred, and what depends on constants and shapes only
is folded at once. Constants of any number type are folded; those that a remaining node reads are narrowed to a type
that kernels know (int64 to int32, float64 to float32).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mgecc import ops
from mgecc.graph import (
    Attributes,
    Diagnostic,
    Diagnostics,
    DType,
    Graph,
    Node,
    State,
    TensorType,
    Unsupported,
    Value,
)
from mgecc.graph.attributes import NoAttrs, mapped, named
from mgecc.graph.symbolic import always, at_max_sizes, whole
from mgecc.graph.types import INT32
from mgecc.ops.budget import Budget, limited, spend
from mgecc.ops.counting import Counting
from mgecc.ops.folding import depends_on_sizes, folded
from mgecc.ops.index_items import IndexAttrs, flags
from mgecc.ops.known import MAX_RANK, known
from mgecc.ops.signature import WrongOperands

from .errors import ModelError, printable
from .given import bound_numbers
from .integers import limit_inputs

MAX_FOLDED = 256 << 20
"""Bytes of the largest result that is computed while importing."""
MAX_FOLDED_TOTAL = 1 << 30
"""Bytes of all results that are computed while importing."""
_MOST_BYTES = (1 << 31) - 1
_MALFORMED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
)
"""What a rule may raise when a node of the file has a form that nothing writes."""


@dataclass(frozen=True)
class SourceNode:
    """A node of the user's file: its type, the user's name of it, where it stands, what its results are called."""

    kind: str
    name: str
    origin: str
    results: tuple[str, ...] = ()


@dataclass
class GraphBuilder:
    """The state of one import.

    ``shapes``: given input shapes, by name, instead of the file's. ``advice``: what to do about nodes with operands
    that nothing writes. ``as_written``: the inputs have the shapes of the file so far. ``bound``: numbers of inputs
    that are constants, one for all elements or one for each.
    """

    source: str
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    advice: str = ""
    as_written: bool = True
    bound: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.graph = Graph(self.source)
        self.problems = Diagnostics(self.source)
        self._origin = SourceNode("", "", "")
        self._failing = Node("", "", NoAttrs(), [])
        self._varying: set[Value] = set()
        self._unstated: set[Value] = set()
        self._counting = Counting()
        self._folded = 0
        self._budget = Budget()
        self._narrowed: dict[Value, Value] = {}
        self.carried: set[Value] = set()
        """Values that stand for wider integers of the file."""

    @contextmanager
    def at(self, node: SourceNode) -> Iterator[Node]:
        """All nodes that are added inside have this node of the file as their origin; after a problem none is kept.

        Yields the node that messages name, whose attributes may be set, until a node of the graph takes its place.
        Nests, as nodes of a subgraph do.
        """
        outside, before = (self._origin, self._failing), len(self.graph.nodes)
        self._origin = node
        self._failing = Node(node.kind, node.name, NoAttrs(), [], origin=node.origin)
        try:
            yield self._failing
        except Unsupported as error:
            self.problems.add_error(self._failing, error)
        except ModelError as error:
            self.problems.add(self._failing, str(error))
        except _MALFORMED as error:
            why = f"its parameters and inputs do not fit together ({printable(str(error)) or type(error).__name__})"
            self.problems.add(self._failing, why)
        else:
            before = len(self.graph.nodes)
        finally:
            del self.graph.nodes[before:]
            self._origin, self._failing = outside

    def input(self, name: str, shape: Sequence[int], dtype: DType, alias: str = "") -> Value:
        """The next input of the model, as the file declares it; given shapes replace the declared one.

        One that is bound is a constant and no input. ``alias``: another name that the file has for it.

        Kernels compute in narrow types: a wider one is what the application sees of integers, and no more than that.
        """
        if any(name == other.name for other in self.graph.inputs):
            raise Unsupported(f"two inputs are called {name}", "give every input its own name")
        given = self.shapes.get(name, self.shapes.get(alias, shape))
        if alias != name and alias:
            self.graph.aliases[name] = alias
        for key in (name, alias):
            if key in self.bound:
                return self.constant(name, bound_numbers(self.bound[key], given, dtype), dtype)
        sizes = _checked_shape(given)
        self.as_written = self.as_written and always(lambda: sizes == tuple(shape))
        value = Value(name, TensorType(sizes, dtype.narrow))
        _check_size(TensorType(sizes, dtype))
        self.graph.inputs.append(value)
        if dtype.is_wide and not dtype.is_float:
            self.graph.wide_inputs[name] = dtype
        return value

    def state(self, name: str, shape: Sequence[int], dtype: DType) -> Value:
        """What memory holds from the run before; see ``keep``."""
        if any(name == other.name for other in self.graph.inputs):
            raise Unsupported(f"a variable and another input are called {name}", self.advice)
        value = Value(name, TensorType(_checked_shape(shape), dtype.narrow))
        _check_size(value.type)
        self.graph.inputs.append(value)
        return value

    def keep(self, name: str, value: Value, initial: np.ndarray | None) -> None:
        """Let a state hold a value for the next run. ``initial``: what the first run reads; None for zeros."""
        before = next(v for v in self.graph.inputs if v.name == name)
        if initial is not None:
            initial = np.ascontiguousarray(initial, before.type.dtype.numpy).reshape(before.shape)
        self.graph.states.append(State(name, len(self.graph.outputs), initial))
        self.output(name, value)

    def constant(self, name: str, array: Any, dtype: DType | None = None) -> Value:
        """Numbers as they are stored, of ``dtype``, or of the array's own type; Unsupported if it has no arithmetic.

        Arrays of objects hold expressions over declared sizes.
        """
        stored = np.asarray(array)
        if dtype is None:
            try:
                dtype = DType(stored.dtype.name)
            except ValueError:
                raise Unsupported(f"data of type {stored.dtype} is not supported") from None
        if stored.dtype != object:
            stored = np.ascontiguousarray(stored, dtype.numpy)
        return Value(name, TensorType(stored.shape, dtype), const=stored)

    def check(self, op: str, attrs: Attributes, inputs: Sequence[Value]) -> Node:
        """A node that is not yet in the graph, with operands and attributes of its operator, else Unsupported.

        For rules that look at operands of the file before they ``add`` what they make of them.
        """
        node = Node(op, self._origin.name, attrs, list(inputs), origin=self._origin.origin)
        self._failing = node
        try:
            ops.check_node(node)
        except WrongOperands as error:
            raise Unsupported(error.why, self.advice) from None
        return node

    def add(self, op: str, attrs: Attributes, inputs: Sequence[Value]) -> list[Value]:
        """The results of a node, constants where they are known. Raises Unsupported.

        They are called as ``SourceNode.results`` says if there are as many.
        """
        node, operator = self.check(op, attrs, inputs), ops.find(op)
        if not self._is_known(node):
            self._narrow(node)
        for position in operator.reads_values:
            if position < len(node.inputs) and operator.bound(node) is None:
                known(node, position)
        self._infer(node)
        node.varies = self._varies(node)
        self._unstated.update(node.outputs if node.varies else ())
        if not self._fold(node):
            if self._narrow(node):
                self._infer(node)
            self.graph.nodes.append(node)
        return [self._bounded(value) for value in node.outputs]

    def append(self, node: Node) -> list[Value]:
        """The results of a node whose types are known, such as a call of a function of the application's."""
        self.graph.nodes.append(node)
        return node.outputs

    def result_name(self, position: int, count: int) -> str:
        """What one of ``count`` results of a node with this origin is called."""
        names = self._origin.results
        if len(names) == count and names[position]:
            return names[position]
        return f"{self._origin.name}:{position}" if position else self._origin.name

    def varies(self, value: Value) -> bool:
        """Whether the data decides how many elements a value has."""
        return value in self._varying

    def check_stated(self, value: Value, shape: Sequence[int] | None) -> None:
        """Compare with a shape that the file states, as long as the inputs have the shapes it was written with."""
        checked = self.as_written and value not in self._unstated
        if shape and checked and tuple(shape) != value.shape:
            raise Unsupported(f"its result has shape {list(value.shape)}, the file says {list(shape)}")

    def output(self, name: str, value: Value, dtype: DType | None = None) -> None:
        """The next result of the model; ``dtype``: of the file, where it is wider than the graph's."""
        if dtype is not None and dtype.is_wide and not dtype.is_float:
            _check_size(value.type.with_dtype(dtype))
            is_known = value.const is not None and not depends_on_sizes(value.type)
            if is_known and value.type.dtype == dtype:  # numbers that need not fit what kernels compute in
                self.graph.outputs.append((name, value))
                return
            self.graph.wide_outputs[len(self.graph.outputs)] = dtype
        self.graph.outputs.append((name, self.narrowed(value)))

    def finish(self, declared: Sequence[str] = ()) -> Graph:
        """The graph; where there are problems, of all that could be made in spite of them.

        ``declared``: names of all inputs of the file, those with problems included.
        """
        names = [value.name for value in self.graph.given_inputs]
        declared = [*declared, *self.graph.aliases.values()]
        for given, place in ((self.shapes, "given shapes"), (self.bound, "bind")):
            for name in sorted(set(given) - {*names, *declared}):
                advice = f"its inputs are {', '.join(names)}" if names else ""
                problem = Diagnostic(name, "input", place, "the model has no such input", advice)
                self.problems.problems.append(problem)
        if self.problems.problems:
            self._keep_what_is_there()
        self.graph.sweep()
        if not self.problems.problems:
            limit_inputs(self.graph, self.carried, self.problems)
        return self.graph

    def _keep_what_is_there(self) -> None:
        """Make results that lead nowhere outputs, so that later steps look at all that could be imported."""
        read = {value for node in self.graph.nodes for value in node.inputs}
        loose = [v for node in self.graph.nodes for v in node.outputs if v not in read]
        given = self.graph.output_values()
        self.graph.outputs += [(v.name, v) for v in loose if v not in given]

    def _infer(self, node: Node) -> None:
        types = ops.find(node.op).infer(node)
        for type_ in types:
            _check_size(type_)
        node.outputs = [Value(self.result_name(k, len(types)), type_, node) for k, type_ in enumerate(types)]

    def _reads_shapes_only(self, node: Node) -> bool:
        return ops.find(node.op).reads_shapes_only and not self._varying.intersection(node.inputs)

    def _is_known(self, node: Node) -> bool:
        return all(v.is_const for v in node.inputs) or self._reads_shapes_only(node)

    def _narrow(self, node: Node) -> bool:
        """Let the node read and state types that kernels know; whether anything changed."""
        kept = ops.find(node.op).wide_inputs(node)
        inputs = [v if k in kept else self.narrowed(v) for k, v in enumerate(node.inputs)]
        stated = [v for v in named(node.attrs).values() if isinstance(v, DType) and v.is_wide]
        if inputs == node.inputs and not stated:
            return False
        node.inputs = inputs
        node.attrs = mapped(node.attrs, lambda v: v.narrow if isinstance(v, DType) else v)
        return True

    def narrowed(self, value: Value) -> Value:
        """A value as kernels read it: a constant of a wide type in a narrower one, the same for all who read it."""
        if not value.type.dtype.is_wide or value.const is None:
            return value
        if value not in self._narrowed:
            dtype = value.type.dtype.narrow
            array = _fitting(value.name, value.const, dtype)
            self._narrowed[value] = Value(value.name, value.type.with_dtype(dtype), const=array)
        return self._narrowed[value]

    def _varies(self, node: Node) -> bool:
        """Note which results vary in size with the data; what an operator cannot tell varies as its inputs do."""
        operator, extents = ops.find(node.op), self._counting.extents
        givers = node.inputs if operator.sized_by is None else node.inputs[operator.sized_by :][:1]
        told = all(v not in self._varying or v in extents for v in node.inputs)
        varying: list[Value] = []
        try:
            if told:
                found = self._counting.of(node)
                varying = [v for v, extent in zip(node.outputs, found) if extent]
        except Unsupported:
            told = False
        if not told and (self._varying.intersection(givers) or operator.varies(node)):
            varying = node.outputs
        self._varying.update(varying)
        return bool(varying)

    def _bounded(self, value: Value) -> Value:
        """The part of a value that can be valid, where more is known of its size than the shape says."""
        extent = self._counting.extents.get(value)
        if extent is None or not always(lambda: 0 < extent.size.most < value.shape[extent.axis]):
            return value
        size = Value("size", TensorType((1,), INT32), const=np.array([extent.size.most], np.int32))
        attrs = IndexAttrs((flags(extent.axis, end=True),))
        node = Node("Subtensor", value.name, attrs, [value, size], origin=self._origin.origin)
        node.outputs = [Value(value.name, t, node) for t in ops.infer(node)]
        if self._counting.of(node)[0] is not None:
            node.varies = True
            self._varying.update(node.outputs)
        self._unstated.add(node.output)
        value.name = f"{value.name}.whole"
        self.graph.nodes.append(node)
        return node.output

    def _fold(self, node: Node) -> bool:
        """Turn the node's results into constants if everything it reads is known."""
        by_shape = self._reads_shapes_only(node)
        arrays = [_stand_in(v.type) if by_shape else v.const for v in node.inputs]
        given = [a for a in arrays if a is not None]
        if len(given) != len(arrays) or not given or any(depends_on_sizes(v.type) for v in node.outputs):
            return False
        self._spend(node, 0 if by_shape else sum(a.size for a in given))
        with limited(self._budget):
            results = folded(node, given)
        for value, array in zip(node.outputs, results):
            value.const, value.producer = array, None
            value.type = value.type.with_shape(array.shape)
        if not results:
            return False
        self._varying.difference_update(node.outputs)
        return True

    def _spend(self, node: Node, read: int) -> None:
        """Take memory and work from what there is for all constants; ``read``: elements of the operands."""
        size = sum(v.type.nbytes for v in node.outputs)
        self._folded += size
        if size > MAX_FOLDED or self._folded > MAX_FOLDED_TOTAL:
            why = f"its constant result of {size} bytes is too large to compute beforehand"
            raise Unsupported(why, "make one of its operands a model input")
        with limited(self._budget):
            spend(sum(v.type.elements for v in node.outputs) + read)


def _stand_in(type_: TensorType) -> np.ndarray:
    """An array of this shape that takes no memory, for operators that read shapes only."""
    shape = (0,) if depends_on_sizes(type_) else type_.shape
    return np.broadcast_to(np.zeros((), type_.dtype.numpy), shape)


def _checked_shape(shape: Sequence[int]) -> tuple[int, ...]:
    sizes = tuple(whole(n) for n in shape) or (1,)
    if len(sizes) > MAX_RANK or any(n < 1 for n in sizes):
        raise Unsupported(f"an input cannot have the shape {list(sizes)}", "give positive sizes")
    return sizes


def _check_size(type_: TensorType) -> None:
    """Offsets in tensors are 32-bit numbers."""
    if at_max_sizes(type_.elements) * type_.dtype.size > _MOST_BYTES:
        raise Unsupported(f"a tensor {type_} is larger than 2 GiB", "make the shapes smaller")


def _fitting(name: str, array: np.ndarray, dtype: DType) -> np.ndarray:
    """Numbers in a narrower type: integers must fit, floats are rounded. Expressions over sizes stay."""
    if array.dtype == object:
        return array
    if not dtype.is_float and array.size:
        low, high = dtype.range
        wrong = next((int(n) for n in (array.min(), array.max()) if not low <= int(n) <= high), None)
        if wrong is not None:
            why = f"the constant {name} holds {wrong}, and integers have 32 bits when the model runs"
            raise Unsupported(why, "scale or clip the numbers in the model")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype.numpy)
