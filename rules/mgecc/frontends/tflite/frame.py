"""One run of a subgraph: its tensors, made operator by operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mgecc.frontends.build import SourceNode
from mgecc.frontends.rules import Rules
from mgecc.frontends.tensors import Tensor
from mgecc.graph import Unsupported

from . import control, custom
from .constants import array_of, type_of
from .model import Operator, SubGraph
from .node import TfliteNode
from .quantised import RULES as QUANTISED
from .rules import RULES, Translate

if TYPE_CHECKING:
    from .importer import TfliteImporter

ADVICE = "convert the model again"
_DEEPEST = 32
"""Subgraphs in one another."""


@dataclass
class Frame:
    """``tensors``: made so far, by number. ``told``: missing where a problem is told. ``place``: words that say in
    which subgraph an operator stands. ``initialises``: whether variables get their first contents.
    """

    work: TfliteImporter
    graph: SubGraph
    depth: int = 0
    place: str = ""
    initialises: bool = False
    tensors: dict[int, Tensor] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Make the results of all operators that outputs depend on, and of those that change variables."""
        needed = _needed(self.graph)
        for index, operator in enumerate(self.graph.operators):
            if index in needed:
                self._import(index, operator)

    def call(
        self, number: int, given: Sequence[Tensor], place: str, initialises: bool = False
    ) -> list[Tensor]:
        """The results of another subgraph."""
        graphs = self.work.model.subgraphs
        if not 0 <= number < len(graphs):
            raise Unsupported(f"it calls subgraph {number}, there are {len(graphs)}", ADVICE)
        if self.depth >= _DEEPEST:
            raise Unsupported(f"subgraphs lie more than {_DEEPEST} deep in one another")
        graph = graphs[number]
        if len(given) != len(graph.inputs):
            raise Unsupported(
                f"subgraph {number} has {len(graph.inputs)} inputs, {len(given)} are given", ADVICE
            )
        where = f"{self.place} in {place}"
        inner = Frame(self.work, graph, self.depth + 1, where, initialises or self.initialises)
        inner.tensors.update(zip(graph.inputs, given))
        inner.run()
        results = [inner.tensor(k) for k in graph.outputs]
        if any(x is None for x in results):
            raise Unsupported("a result is missing inside of it", "see the other problems")
        return [x for x in results if x is not None]

    def tensor(self, number: int) -> Tensor | None:
        """One that is made, a constant, or what a variable tensor holds; None if nothing has made it yet."""
        stored = self.graph.tensors[number]
        if number not in self.tensors and stored.is_variable and not self.depth:
            return self.work.variables.of_tensor(number, stored).read(self.work.t)
        if number not in self.tensors and stored.data is not None:
            array = array_of(stored)
            self.tensors[number] = self.work.t.constant(array, type_of(stored), name=stored.name)
        return self.tensors.get(number)

    def _import(self, index: int, operator: Operator) -> None:
        self.work.spend(self.depth)
        self.told.update(operator.outputs)
        results = tuple(self.graph.tensors[number].name for number in operator.outputs)
        name = next(filter(None, results), f"{operator.type}#{index}")
        origin = f"operator {index} ({operator.type}) at byte {operator.offset}{self.place}"
        with self.work.build.at(SourceNode(operator.type, name, origin, results)) as said:
            entry = custom.function_for(self.work, operator, name)
            if entry is None and operator.type not in control.OPERATORS and not QUANTISED.get(operator.type):
                RULES.find(operator.type)
            operands = self._operands(operator)
            if operands is None:
                return
            if entry is not None:
                made: Sequence[Tensor] = custom.call(self, operator, said, entry, operands)
            elif operator.type in control.OPERATORS:
                made = control.OPERATORS[operator.type](
                    self, operator, [x for x in operands if x is not None]
                )
            else:
                rules = self._rules(operator, operands)
                made = rules.find(operator.type).translate(self._node(operator, operands), self.work.t)
            self._bind(operator, made)

    def _rules(self, operator: Operator, operands: Sequence[Tensor | None]) -> Rules[Translate]:
        """Those for quantised data, or those for all other."""
        computed = [x for x in operands if x is not None and x.array is None]
        if operator.type != "QUANTIZE" and not any(x.dtype.is_quantized for x in computed):
            return RULES
        if QUANTISED.get(operator.type) is None:
            raise Unsupported(f"{operator.type} of quantised data is not supported", "convert it to float32")
        return QUANTISED

    def _operands(self, operator: Operator) -> list[Tensor | None] | None:
        """None if one is missing for a reason that is told."""
        operands = [None if n < 0 else self.tensor(n) for n in operator.inputs]
        missing = [n for n, x in zip(operator.inputs, operands) if n >= 0 and x is None]
        if any(n in self.told for n in missing):
            return None
        if missing:
            name = self.graph.tensors[missing[0]].name
            raise Unsupported(f"it reads {name}, which nothing before it gives", ADVICE)
        return operands

    def _bind(self, operator: Operator, made: Sequence[Tensor]) -> None:
        """Results first, then what the operator leaves in its variable operands."""
        kept = [n for n in operator.inputs if n >= 0 and self.graph.tensors[n].is_variable]
        count = len(operator.outputs)
        if len(made) not in (count, count + len(kept)):
            raise Unsupported(f"it has {count} results, {len(made)} are supported")
        self.tensors.update(zip(operator.outputs, made))
        for number, new in zip(kept, made[count:]):
            self.work.variables.of_tensor(number, self.graph.tensors[number]).current = new

    def _node(self, operator: Operator, operands: Sequence[Tensor | None]) -> TfliteNode:
        tensors = self.graph.tensors
        return TfliteNode(
            type=operator.type,
            version=operator.version,
            operands=operands,
            inputs=[None if n < 0 else tensors[n] for n in operator.inputs],
            outputs=[tensors[n] for n in operator.outputs],
            options=operator.options,
            custom_options=operator.custom_options,
        )


def _needed(graph: SubGraph) -> set[int]:
    """Positions of the operators that outputs depend on, or that have effects."""
    numbers, found = set(graph.outputs), set[int]()
    for index in reversed(range(len(graph.operators))):
        operator = graph.operators[index]
        if numbers.intersection(operator.outputs) or not operator.outputs:
            found.add(index)
            numbers.update(operator.inputs)
    return found
