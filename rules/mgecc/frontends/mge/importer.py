"""From the records of a model file to a graph, by the rules of ``rules``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mgecc.frontends.build import GraphBuilder, SourceNode
from mgecc.frontends.custom import add_call, check_used, elsewhere, without_nodes
from mgecc.frontends.given import Given
from mgecc.graph import CompileError, Diagnostics, Graph, Node, TensorType, Unsupported, Value
from mgecc.graph.attributes import Stated
from mgecc.ops.custom import CustomFunction

from . import absent, custom
from .model import INPUT_TYPE, Model, Record
from .parameters import DAMAGED, dtype_of, parameters, unusual
from .reader import read_mge
from .rules import RULES

_NOTHING = Given()


def _needed(model: Model) -> set[int]:
    """Numbers of the values that outputs depend on."""
    needed = set(model.outputs)
    for record in reversed(model.records):
        if needed.intersection(record.outputs):
            needed.update(record.inputs)
    return needed


@dataclass
class Importer:
    """The state of one import. ``values`` has the values made so far; needed ones that are missing have failed."""

    model: Model
    build: GraphBuilder
    functions: Mapping[str, CustomFunction] = field(default_factory=dict)
    values: dict[int, Value] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def run(self) -> Graph:
        needed = _needed(self.model)
        for record in self.model.records:
            if record.type == INPUT_TYPE or needed.intersection(record.outputs):
                self._import(record)
        for k, (number, name) in enumerate(zip(self.model.outputs, self.model.output_names)):
            if number in self.values:
                value = self.values[number]
                self.build.output(name or value.name or f"output{k}", value)
        types = [custom.title(r) for r in self.model.records if r.type in custom.FOREIGN]
        check_used(self.build, self.functions, self.used, elsewhere(types))
        return self.build.finish([i.name for i in self.model.inputs])

    def _import(self, record: Record) -> None:
        """Make the record's values, unless some that it reads are missing."""
        if all(number in self.values for number in record.inputs):
            with self.build.at(self._source_node(record)) as said:
                self.values.update(zip(record.outputs, self._made(record, said)))

    def _source_node(self, record: Record) -> SourceNode:
        rule = RULES.get(record.type)
        stated = tuple(self.model.values[number].name for number in record.outputs)
        name = record.name or next(iter(stated), "") or f"{record.type}#{record.index}"
        origin = f"record {record.index} ({record.type}) at byte {record.offset}"
        return SourceNode(rule.operator if rule else record.type, name, origin, stated)

    def _made(self, record: Record, said: Node) -> Sequence[Value]:
        """The record's values; ``said`` gets what tells it in messages."""
        if record.type == INPUT_TYPE:
            tensor = record.tensors[0]
            name = tensor.name or self.build.result_name(0, 1)
            return [self.build.input(name, tensor.shape, dtype_of(tensor.dtype))]
        if record.outputs and all(number in self.model.constants for number in record.outputs):
            return [self._constant(number) for number in record.outputs]
        params = parameters(record)
        said.attrs = Stated(unusual(params))
        said.inputs = [self.values[n] for n in record.inputs]
        entry = custom.function_for(record, said.name, self.functions)
        if entry is not None:
            return self._custom(record, said, params, *entry)
        return self._operation(record, said.inputs)

    def _constant(self, number: int) -> Value:
        tensor = self.model.constants[number]
        name = self.model.values[number].name or tensor.name or f"constant#{number}"
        return self.build.constant(name, tensor.array(), dtype_of(tensor.dtype))

    def _operation(self, record: Record, inputs: Sequence[Value]) -> Sequence[Value]:
        if record.type in custom.FOREIGN:
            raise custom.missing(record, self.model)
        particular = absent.reason(record.type)
        if particular is not None:
            raise particular
        values = RULES.find(record.type).translate(record, inputs, self.build)
        if len(values) != len(record.outputs):
            raise Unsupported(f"{len(values)} results were expected, the record has {len(record.outputs)}")
        for number, value in zip(record.outputs, values):
            stated = self.model.values[number].shape
            self.build.check_stated(value, None if stated == (0,) else stated)
        return values

    def _custom(
        self, record: Record, node: Node, params: Mapping[str, Any], key: str, entry: CustomFunction
    ) -> Sequence[Value]:
        """A record that a function of the user's stands for."""
        self.used.add(key)
        if entry.outputs or record.type in custom.FOREIGN:
            types = custom.result_types(record, entry, self.model, self.build.as_written)
        else:
            node.op = RULES.find(record.type).operator
            types = self._inferred(record, node.inputs)
        data, title = custom.payload(record), custom.title(record)
        return add_call(self.build, node, types, entry.function, params, data, title)

    def _inferred(self, record: Record, inputs: Sequence[Value]) -> list[TensorType]:
        """Types of the results that the record's own rule makes."""
        values = without_nodes(self.build, lambda: self._operation(record, inputs))
        return [value.type for value in values]


def importer(data: bytes, source: str, given: Given = _NOTHING) -> Importer:
    """Of a model file, before it has run. Raises MgeError."""
    build = GraphBuilder(source, given.shapes, DAMAGED, bound=given.bound)
    return Importer(read_mge(data), build, given.functions)


def survey_mge(data: bytes, source: str, given: Given = _NOTHING) -> tuple[Graph, Diagnostics]:
    """Like ``import_mge``, but problems are returned beside the graph of what could be imported in spite of them.

    Functions of ``given`` stand for operators by their name in the file, dump name or type. Raises MgeError only.
    """
    work = importer(data, source, given)
    return work.run(), work.build.problems


def import_mge(data: bytes, source: str, input_shapes: Mapping[str, Sequence[int]] | None = None) -> Graph:
    """The graph of a model file.

    ``source`` names the file in messages. ``input_shapes`` replaces declared input shapes by name. Inputs stand in
    file order, unused ones too; what depends on constants and shapes alone is computed, so shapes are static. Results
    whose size depends on the data have their largest size as shape, and their nodes say that they vary.
    Raises MgeError if the bytes are no model, CompileError listing every problem if the model cannot be served.
    """
    graph, problems = survey_mge(data, source, Given(input_shapes or {}))
    problems.check()
    return graph


__all__ = ["CompileError", "Importer", "import_mge", "importer", "survey_mge"]
