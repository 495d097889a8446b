"""From an ONNX graph to a graph, by the rules of ``rules``.

Nodes are visited in their order. One whose operands are known integers is computed; else its rule translates it; else
the body of its function is taken; else it is refused. ``If``, ``Loop`` and ``Scan`` are taken apart where the condition
or the number of steps is known (``control``).
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mgecc.frontends.build import GraphBuilder, SourceNode
from mgecc.frontends.custom import check_used
from mgecc.frontends.given import Given
from mgecc.frontends.tensors import Tensor, TensorBuilder
from mgecc.graph import Diagnostics, Graph, Node, Unsupported

from . import control, custom, functions, known, sequences
from .dtypes import dtype_of
from .inputs import dims_of
from .library import OPSET, OWN, guarded, onnx
from .node import OnnxNode
from .reader import OnnxModel, read_onnx
from .rules import RULES
from .stored import Constant

_ADVICE = "check the file with onnx.checker"
_DEEPEST = 32
"""Functions, branches and loop bodies in one another."""

_MOST_TAKEN = 1 << 18
"""Nodes, with those of every step of a loop."""

Scope = MutableMapping[str, Any]
"""Tensors, and lists of tensors (``sequences``), by their names."""
_TAKEN_APART = control.OPERATORS | sequences.OPERATORS
"""Operators of which nothing is left in the graph."""


@dataclass
class OnnxImporter:
    """The state of one import.

    ``functions``: the user's, of which those in ``used`` stand for a node. ``told``: names of results that are missing
    where a problem is told. ``depth``: of functions and subgraphs. ``place``: words that say in which subgraph a node
    stands. ``taken``: nodes and steps so far.
    """

    model: OnnxModel
    build: GraphBuilder
    t: TensorBuilder
    functions: custom.Functions = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    depth: int = 0
    place: str = ""
    taken: int = 0

    def run(self) -> Graph:
        scope: Scope = {}
        declared = [value for value in self.model.graph.input if value.name not in self.model.constants]
        for value in declared:
            self._input(value, scope)
        self.import_nodes(self.model.graph, ChainMap(scope, _Constants(self)))
        for value in self.model.graph.output:
            self._output(value.name, scope)
        advice = "an entry is called like a node or a type, as in com.example.Scale"
        check_used(self.build, self.functions, self.used, advice)
        return self.build.finish([value.name for value in declared])

    def _input(self, value: Any, scope: Scope) -> None:
        self.told.add(value.name)
        with self.build.at(SourceNode("input", value.name, f"input {value.name}", (value.name,))):
            if not value.type.HasField("tensor_type"):
                raise Unsupported("inputs that are no tensors are not supported", "split it into tensors")
            dims = self._shape(value)
            dtype = dtype_of(value.type.tensor_type.elem_type)
            if 0 in dims:  # of nothing, all is known
                self._note_nothing(value.name, dims)
                scope[value.name] = self.t.constant(np.zeros(dims, dtype.numpy), dtype, value.name)
                return
            made = self.build.input(value.name, dims, dtype)
            scalar = not dims and made.shape in ((1,), ())
            scope[value.name] = Tensor(made, () if scalar else made.shape, dtype)

    def _note_nothing(self, name: str, dims: Sequence[int]) -> None:
        if name not in self.build.shapes:
            said = f"the input {name} has the shape {list(dims)} in the file, so no elements, and is left out"
            self.build.problems.notes.append(f"{said}; state its shape if a size is meant to be open")

    def _shape(self, value: Any) -> Sequence[int]:
        """The sizes of an input: given, of the numbers that it is bound to, or the file's. Raises Unsupported."""
        name, dims = value.name, dims_of(value)
        if name in self.build.shapes:
            given = self.build.shapes[name]
            if dims is not None and len(given) != len(dims):
                raise Unsupported(f"the shape {list(given)} was given, and this input has {len(dims)} axes")
            return given
        closed = [n for n in dims or [""] if isinstance(n, int)]
        if dims is not None and len(closed) == len(dims):
            return closed
        if name in self.build.bound:
            return np.array(self.build.bound[name], object).shape
        raise Unsupported(*_open(name, dims))

    def _output(self, name: str, scope: Scope) -> None:
        found = scope.get(name)
        if found is None:
            with self.build.at(SourceNode("output", name, f"output {name}")):
                if name in self.model.constants:
                    found = self.constant(self.model.constants[name])
                elif name not in self.told:
                    raise Unsupported("nothing gives this output", _ADVICE)
        if isinstance(found, sequences.TensorList):
            with self.build.at(SourceNode("output", name, f"output {name}")):
                raise Unsupported(
                    "outputs that are no tensors are not supported", "take the tensors out of it"
                )
        elif found is not None:
            self.build.output(name, found.value, found.dtype)

    def constant(self, stored: Constant) -> Tensor:
        """A constant of the file."""
        return self.t.constant(stored.array(), name=stored.proto.name)

    def import_nodes(self, graph: Any, scope: Scope) -> None:
        """Make the results of the nodes that the graph's outputs depend on."""
        needed = _needed(graph)
        for index, proto in enumerate(graph.node):
            if index in needed:
                self._import(index, proto, scope)

    def spend(self) -> None:
        """Count a node or a step of a loop; Unsupported if loops in loops, or functions, make too many of them."""
        self.taken += 1
        if self.taken > _MOST_TAKEN:
            raise Unsupported(f"loops and functions make more than {_MOST_TAKEN} nodes")

    def _import(self, index: int, proto: Any, scope: Scope) -> None:
        self.told.update(proto.output)
        names = [name for name in proto.input if name]
        missing = [name for name in names if name not in scope]
        if any(name in self.told for name in missing) and self._is_served(proto):
            return
        name = proto.name or next(filter(None, proto.output), "") or f"{proto.op_type}#{index}"
        source = SourceNode(
            _type(proto), name, f"node {index} ({proto.op_type}){self.place}", tuple(proto.output)
        )
        with suppress(control.AlreadyTold), self.build.at(source) as said:
            self.spend()
            if not self._is_served(proto):
                raise self._unknown(_type(proto))
            if missing:
                raise Unsupported(f"it reads {missing[0]}, which no node before it gives", _ADVICE)
            self.bind(proto.output, self._custom(proto, said, scope) or self.results(proto, scope), scope)

    def _custom(self, proto: Any, said: Node, scope: Scope) -> Sequence[Tensor]:
        """The results of a node that a function of the user's stands for; none if there is no such function."""
        key = custom.key_of(proto, _type(proto), self.functions)
        if not key:
            return []
        self.used.add(key)
        operands = [scope[name] if name else None for name in proto.input]
        node = OnnxNode(_type(proto), operands, _attributes(proto), tuple(proto.output))
        return custom.called(self.build, said, node, self.functions[key], lambda: self.results(proto, scope))

    def bind(self, names: Sequence[str], results: Sequence[Tensor | None], scope: Scope) -> None:
        """Give results their names."""
        if len(results) < sum(1 for name in names if name):
            raise Unsupported(f"it has {len(names)} results, {len(results)} are supported")
        scope.update({name: r for name, r in zip(names, results) if name and r is not None})

    def results(self, proto: Any, scope: Scope) -> Sequence[Tensor | None]:
        """What a node gives."""
        if proto.domain in OWN and proto.op_type in _TAKEN_APART:
            return _TAKEN_APART[proto.op_type](self, proto, scope)
        operands = [scope[name] if name else None for name in proto.input]
        if any(isinstance(x, sequences.TensorList) for x in operands) and proto.op_type != "SequenceMap":
            return self._of_list(proto, operands)
        node = OnnxNode(_type(proto), operands, _attributes(proto), tuple(proto.output))
        computed = known.evaluated(node, proto, self.t)
        if computed is not None:
            return computed
        rule = RULES.get(node.op)
        if rule is not None:
            return rule.translate(node, self.t)
        body = functions.body_of(node, proto, self._opset(proto))
        if body is None:
            raise self._unknown(node.op)
        return self._expanded(proto, body, operands)

    def _of_list(self, proto: Any, operands: Sequence[Any]) -> Sequence[Any]:
        """Lists pass where they are not looked at."""
        if proto.op_type != "Identity":
            raise Unsupported("an operand is a list of tensors", "take the tensors out of it before")
        return operands

    def _opset(self, proto: Any) -> int:
        return self.model.opsets.get(proto.domain, OPSET)

    def _is_served(self, proto: Any) -> bool:
        """Whether nodes of this type may be imported, whatever their operands are."""
        own = proto.domain in OWN and proto.op_type in _TAKEN_APART
        own = own or bool(custom.key_of(proto, _type(proto), self.functions))
        return own or RULES.get(_type(proto)) is not None or functions.is_function(proto, self._opset(proto))

    def _unknown(self, op: str) -> Unsupported:
        if op.startswith("com.microsoft."):
            advice = "export the model without the optimisations of ONNX Runtime"
            return Unsupported(f"the operator {op} is one of ONNX Runtime's own", advice)
        try:
            RULES.find(op)
        except Unsupported as error:
            return error
        return Unsupported(f"the operator {op} is not supported")

    def _expanded(self, proto: Any, body: Any, operands: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
        """The results of a function's body."""
        inner: Scope = {name: x for name, x in zip(body.input, operands) if x is not None}
        given = functions.attributes_of(proto, self._opset(proto))
        with self.nested():
            for node in body.node:
                self.spend()
                made = functions.bound(node, body, given)
                # Operands that the caller leaves out are absent inside, too.
                made.input[:] = [name if name in inner else "" for name in made.input]
                self.bind(made.output, self.results(made, inner), inner)
        return [inner.get(name) for name in body.output]

    def nested(self) -> _Depth:
        """Inside a function or subgraph; Unsupported if that goes too deep."""
        return _Depth(self)


class _Depth:
    def __init__(self, importer: OnnxImporter) -> None:
        self.importer = importer

    def __enter__(self) -> None:
        if self.importer.depth >= _DEEPEST:
            raise Unsupported(f"functions and subgraphs lie more than {_DEEPEST} deep in one another")
        self.importer.depth += 1

    def __exit__(self, *error: object) -> None:
        self.importer.depth -= 1


class _Constants(dict[str, Tensor]):
    """The file's constants, made when they are read."""

    def __init__(self, importer: OnnxImporter) -> None:
        super().__init__()
        self._importer = importer

    def __missing__(self, name: str) -> Tensor:
        self[name] = self._importer.constant(self._importer.model.constants[name])
        return self[name]

    def __contains__(self, name: object) -> bool:
        return name in self._importer.model.constants


def _needed(graph: Any) -> set[int]:
    """Positions of the nodes that outputs depend on."""
    names, found = {value.name for value in graph.output}, set[int]()
    for index in reversed(range(len(graph.node))):
        node = graph.node[index]
        if names.intersection(node.output):
            found.add(index)
            names.update(node.input, _outer_names(node))
    return found


def _outer_names(node: Any) -> Iterable[str]:
    """All names that subgraphs of a node read, their own ones among them."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield from (value.name for value in attribute.g.output)
            for inner in attribute.g.node:
                yield from inner.input
                yield from _outer_names(inner)


def _type(proto: Any) -> str:
    return str(proto.op_type) if proto.domain in OWN else f"{proto.domain}.{proto.op_type}"


def _attributes(proto: Any) -> dict[str, Any]:
    with guarded("reading its attributes"):
        values = {a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list | tuple) or type(value).__name__.startswith("Repeated"):
        return [_plain(v) for v in value]
    return value


def _open(name: str, dims: Sequence[int | str] | None) -> tuple[str, str]:
    """Why an input is refused whose sizes are not all stated, and what to do."""
    shape = ", ".join(str(n or "?") for n in dims or [])
    numbers = [n if isinstance(n, int) else 1 for n in dims or [1]]
    why = f"the shape of this input is open: [{shape}]" if dims is not None else "this input has no shape"
    ways = f"--input-shapes {name}={'x'.join(map(str, numbers))}, or inputs: {{{name}: {{shape: {numbers}}}}}"
    named = next((n for n in dims or [] if isinstance(n, str) and n.isidentifier()), "")
    declared = f", or for any size of a range sizes: {{{named}: 1..8}}," if named else ""
    return why, f"state it, as in {ways}{declared} in model.yaml"


def survey_onnx(data: bytes, source: str, given: Given) -> tuple[Graph, Diagnostics]:
    """The graph of an ONNX file as far as it could be imported, and its problems. Raises OnnxError."""
    build = GraphBuilder(source, given.shapes, _ADVICE, bound=given.bound)
    work = OnnxImporter(read_onnx(data, given.folder), build, TensorBuilder(build), given.functions)
    return work.run(), build.problems
