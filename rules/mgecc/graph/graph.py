"""Graphs in static single assignment form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from mgecc.graph.attributes import Attributes
from mgecc.graph.types import DType, TensorType

_A = TypeVar("_A", bound=Attributes)


@dataclass(eq=False)
class Value:
    """One tensor: a graph input, a constant (``const`` is set) or the result of ``producer``."""

    name: str
    type: TensorType
    producer: Node | None = None
    const: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.type.shape

    @property
    def is_const(self) -> bool:
        return self.const is not None

    def __repr__(self) -> str:
        return f"<{self.name}: {self.type}>"


@dataclass(eq=False)
class Node:
    """One operation. ``op`` names an operator of ``mgecc.ops``; ``name`` is the user's own layer name.

    ``attrs``: what the operator calls its ``Attributes``, see ``attributes``.
    ``origin`` says where it stands in the model file, for messages: "record 12 (Convolution) at byte 4711".
    ``varies``: the size of some result depends on the data.
    """

    op: str
    name: str
    attrs: Attributes
    inputs: list[Value]
    outputs: list[Value] = field(default_factory=list)
    origin: str = ""
    varies: bool = False

    def attributes(self, kind: type[_A]) -> _A:
        """The attributes, which are of this class; TypeError if they are not."""
        if not isinstance(self.attrs, kind):
            raise TypeError(f"{self!r} has {type(self.attrs).__name__}, not {kind.__name__}")
        return self.attrs

    @property
    def output(self) -> Value:
        """The only, or the first, result."""
        return self.outputs[0]

    def __repr__(self) -> str:
        return f"<{self.op} {self.name}>"


@dataclass(frozen=True, eq=False)
class State:
    """Memory that lives across runs: what one run gives as an output is an input of the next one.

    ``name``: of the input; ``output``: position of the output, of the same type. ``initial``: what the first run
    reads; None for zeros.
    """

    name: str
    output: int
    initial: np.ndarray | None = None


@dataclass(frozen=True)
class Patched:
    """Layers, by name and in order, that are computed for so many patches along (h, w) of the last result in turn.

    ``macs``: multiply-accumulates of the layers. ``again``: how many are computed once more, because patches overlap.
    """

    layers: tuple[str, ...]
    patches: tuple[int, int]
    macs: int
    again: int


@dataclass(eq=False)
class Graph:
    """Nodes in topological order; ``outputs`` pairs the user's output names with values.

    ``extents``: for outputs whose size depends on the data, position -> (axis, position of the output that says how
    many elements along that axis are valid). ``states``: pairs of an input and an output that the application sees
    neither of. ``aliases``: another name that the file has for an input. ``wide_inputs`` by name, ``wide_outputs`` by
    position: integer types that the application sees where the graph has narrower ones. ``ranges``: of inputs, by
    name, the smallest and the largest integer with which everything fits the graph's types. ``outside``: inputs and
    outputs that lie in memory of the application's, ``patched``: layers that are computed patch by patch, both as the
    planner decides.
    Passes and planner change a graph in place: it is of use once. Constants' arrays they replace and never write to.
    """

    name: str
    inputs: list[Value] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    outputs: list[tuple[str, Value]] = field(default_factory=list)
    extents: dict[int, tuple[int, int]] = field(default_factory=dict)
    states: list[State] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    wide_inputs: dict[str, DType] = field(default_factory=dict)
    ranges: dict[str, tuple[int, int]] = field(default_factory=dict)
    wide_outputs: dict[int, DType] = field(default_factory=dict)
    outside: set[Value] = field(default_factory=set)
    patched: tuple[Patched, ...] = ()

    @property
    def given_inputs(self) -> list[Value]:
        """The inputs that the application writes."""
        kept = {state.name for state in self.states}
        return [value for value in self.inputs if value.name not in kept]

    @property
    def results(self) -> dict[int, tuple[str, Value]]:
        """The outputs that the application reads, by position."""
        kept = {state.output for state in self.states}
        return {k: output for k, output in enumerate(self.outputs) if k not in kept}

    def seen_input(self, value: Value) -> TensorType:
        """The type of an input as the application sees it."""
        return value.type.with_dtype(self.wide_inputs.get(value.name, value.type.dtype))

    def seen_output(self, position: int) -> TensorType:
        """The type of an output as the application sees it."""
        kind = self.outputs[position][1].type
        return kind.with_dtype(self.wide_outputs.get(position, kind.dtype))

    def copy(self) -> Graph:
        """The same graph of nodes and values of its own; constants share their arrays."""
        values = {v: Value(v.name, v.type, None, v.const) for v in self.values()}
        nodes = []
        for node in self.nodes:
            inputs, outputs = ([values[v] for v in side] for side in (node.inputs, node.outputs))
            nodes.append(replace(node, inputs=inputs, outputs=outputs))
            for value in outputs:
                value.producer = nodes[-1]
        given = [values[v] for v in self.inputs]
        results = [(name, values[v]) for name, v in self.outputs]
        return replace(
            self,
            inputs=given,
            nodes=nodes,
            outputs=results,
            extents=dict(self.extents),
            states=list(self.states),
            wide_inputs=dict(self.wide_inputs),
            wide_outputs=dict(self.wide_outputs),
            outside={values[v] for v in self.outside},
        )

    def users(self) -> dict[Value, list[Node]]:
        """Value -> the nodes that read it, each once, in order."""
        table: dict[Value, list[Node]] = {}
        for node in self.nodes:
            for value in dict.fromkeys(node.inputs):
                table.setdefault(value, []).append(node)
        return table

    def output_values(self) -> set[Value]:
        return {value for _, value in self.outputs}

    def replace(self, old: Value, new: Value) -> None:
        """Let every reader of ``old``, graph outputs included, read ``new``."""
        for node in self.nodes:
            node.inputs = [new if v is old else v for v in node.inputs]
        self.outputs = [(name, new if v is old else v) for name, v in self.outputs]

    def replace_all(self, mapping: dict[Value, Value]) -> None:
        """Like ``replace`` for many values in one walk; chains in ``mapping`` are followed."""

        def final(value: Value) -> Value:
            while value in mapping:
                value = mapping[value]
            return value

        for node in self.nodes:
            node.inputs = [final(v) for v in node.inputs]
        self.outputs = [(name, final(v)) for name, v in self.outputs]

    def sweep(self) -> None:
        """Drop nodes that no output needs."""
        needed = self.output_values()
        kept: list[Node] = []
        for node in reversed(self.nodes):
            if any(v in needed for v in node.outputs):
                kept.append(node)
                needed.update(node.inputs)
        self.nodes = kept[::-1]

    def values(self) -> Iterator[Value]:
        """Every value once, in order of definition: inputs, then constants and results node by node."""
        seen: dict[Value, None] = dict.fromkeys(self.inputs)
        for node in self.nodes:
            seen.update(dict.fromkeys((*node.inputs, *node.outputs)))
        seen.update(dict.fromkeys(v for _, v in self.outputs))
        yield from seen

    def sort(self) -> None:
        """Restore topological order after nodes were appended; keeps the present order where it is legal."""
        self.nodes = list(_topological(self.nodes))


def _topological(nodes: Iterable[Node]) -> Iterator[Node]:
    done: set[Node] = set()
    known = list(nodes)
    members = set(known)
    for root in known:
        stack = [root]
        while stack:
            node = stack[-1]
            if node in done:
                stack.pop()
                continue
            waiting = [
                v.producer
                for v in node.inputs
                if v.producer is not None and v.producer in members and v.producer not in done
            ]
            if waiting:
                stack.extend(reversed(waiting))
                continue
            done.add(node)
            stack.pop()
            yield node
