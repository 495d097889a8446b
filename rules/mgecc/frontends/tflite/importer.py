"""From a TensorFlow Lite graph to a graph, by the rules of ``rules``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mgecc.frontends.build import GraphBuilder, SourceNode
from mgecc.frontends.tensors import Tensor, TensorBuilder
from mgecc.graph import Diagnostics, DType, Graph, Unsupported
from mgecc.ops.custom import CustomFunction

from .constants import array_of, dtype_of
from .model import Operator, StoredTensor, SubGraph, TfliteModel
from .node import TfliteNode
from .reader import read_tflite
from .rules import RULES

_ADVICE = "convert the model again"


@dataclass
class TfliteImporter:
    """The state of one import. ``tensors``: made so far, by number. ``told``: missing where a problem is told."""

    model: TfliteModel
    build: GraphBuilder
    t: TensorBuilder
    tensors: dict[int, Tensor] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)

    def run(self) -> Graph:
        graph = self.model.subgraphs[0]
        names = [self._input(graph, number) for number in graph.inputs]
        needed = _needed(graph)
        for index, operator in enumerate(graph.operators):
            if index in needed:
                self._import(graph, index, operator)
        for number in graph.outputs:
            self._output(graph, number)
        return self.build.finish(names)

    def _input(self, graph: SubGraph, number: int) -> str:
        tensor = graph.tensors[number]
        name = self.model.input_names.get(number) or tensor.name or f"input{number}"
        self.told.add(number)
        with self.build.at(SourceNode("input", name, f"tensor {number}", (name,))):
            dtype = self._type(tensor)
            value = self.build.input(name, [abs(n) for n in tensor.shape], dtype)
            scalar = not tensor.shape and value.shape == (1,)
            self.tensors[number] = Tensor(value, () if scalar else value.shape, dtype)
        return name

    def _output(self, graph: SubGraph, number: int) -> None:
        stored = graph.tensors[number]
        name = self.model.output_names.get(number) or stored.name or f"output{number}"
        found = self._tensor(graph, number)
        if found is not None:
            self.build.output(name, found.value)
        elif number not in self.told:
            with self.build.at(SourceNode("output", name, f"tensor {number}")):
                raise Unsupported("nothing gives this output", _ADVICE)

    @staticmethod
    def _type(tensor: StoredTensor) -> DType:
        dtype = dtype_of(tensor)
        if tensor.quantization is not None and not dtype.is_float:
            raise Unsupported(
                f"quantised activations ({tensor.type}) are not supported", "convert it to float32"
            )
        return dtype

    def _tensor(self, graph: SubGraph, number: int) -> Tensor | None:
        """One that is made, or a constant; None if nothing has made it yet."""
        stored = graph.tensors[number]
        if number not in self.tensors and stored.data is not None and not stored.is_variable:
            self.tensors[number] = self.t.constant(array_of(stored), name=stored.name)
        return self.tensors.get(number)

    def _import(self, graph: SubGraph, index: int, operator: Operator) -> None:
        self.told.update(operator.outputs)
        results = tuple(graph.tensors[number].name for number in operator.outputs)
        name = next(filter(None, results), f"{operator.type}#{index}")
        origin = f"operator {index} ({operator.type}) at byte {operator.offset}"
        with self.build.at(SourceNode(operator.type, name, origin, results)):
            rule = RULES.find(operator.type)
            operands = [None if n < 0 else self._tensor(graph, n) for n in operator.inputs]
            missing = [n for n, x in zip(operator.inputs, operands) if n >= 0 and x is None]
            if any(n in self.told for n in missing):
                return
            if missing:
                raise Unsupported(
                    f"it reads {graph.tensors[missing[0]].name}, which nothing before it gives", _ADVICE
                )
            node = _node(graph, operator, operands)
            made = rule.translate(node, self.t)
            if len(made) != len(operator.outputs):
                raise Unsupported(f"it has {len(operator.outputs)} results, {len(made)} are supported")
            self.tensors.update(zip(operator.outputs, made))


def _node(graph: SubGraph, operator: Operator, operands: Sequence[Tensor | None]) -> TfliteNode:
    return TfliteNode(
        type=operator.type,
        version=operator.version,
        operands=operands,
        inputs=[None if n < 0 else graph.tensors[n] for n in operator.inputs],
        outputs=[graph.tensors[n] for n in operator.outputs],
        options=operator.options,
        custom_options=operator.custom_options,
    )


def _needed(graph: SubGraph) -> set[int]:
    """Positions of the operators that outputs depend on."""
    numbers, found = set(graph.outputs), set[int]()
    for index in reversed(range(len(graph.operators))):
        operator = graph.operators[index]
        if numbers.intersection(operator.outputs) or not operator.outputs:
            found.add(index)
            numbers.update(operator.inputs)
    return found


def survey_tflite(
    data: bytes,
    source: str,
    input_shapes: Mapping[str, Sequence[int]] | None = None,
    functions: Mapping[str, CustomFunction] | None = None,
    folder: Path | None = None,
    bound: Mapping[str, Any] | None = None,
) -> tuple[Graph, Diagnostics]:
    """The graph of a TensorFlow Lite file as far as it could be imported, and its problems. Raises TfliteError."""
    build = GraphBuilder(source, input_shapes or {}, _ADVICE, bound=bound or {})
    work = TfliteImporter(read_tflite(data), build, TensorBuilder(build))
    return work.run(), build.problems
