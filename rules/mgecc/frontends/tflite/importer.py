"""From a TensorFlow Lite file to a graph, by the rules of ``rules``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mgecc.frontends.build import GraphBuilder, SourceNode
from mgecc.frontends.custom import check_used, elsewhere
from mgecc.frontends.given import Given
from mgecc.frontends.tensors import Tensor, TensorBuilder
from mgecc.graph import Diagnostics, Graph, Unsupported
from mgecc.ops.custom import CustomFunction

from . import custom
from .constants import type_of
from .frame import ADVICE, Frame
from .model import TfliteModel
from .reader import read_tflite
from .variables import Variables

_MOST_CALLED = 100_000


@dataclass
class TfliteImporter:
    """The state of one import. ``functions``: of the application, by the name of the operator that they compute."""

    model: TfliteModel
    build: GraphBuilder
    t: TensorBuilder
    functions: Mapping[str, CustomFunction] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.variables = Variables(self.build)
        self._called = 0

    def spend(self, depth: int) -> None:
        """Count an operator; Unsupported if those of subgraphs, which loops run over and over, are too many."""
        self._called += depth > 0
        if self._called > _MOST_CALLED:
            raise Unsupported(f"subgraphs run more than {_MOST_CALLED} operators")

    def run(self) -> Graph:
        frame = Frame(self, self.model.subgraphs[0])
        names = [self._input(frame, number) for number in frame.graph.inputs]
        frame.run()
        for number in frame.graph.outputs:
            self._output(frame, number)
        self.variables.finish()
        check_used(self.build, self.functions, self.used, elsewhere(custom.foreign_types(self)))
        return self.build.finish(names)

    def _input(self, frame: Frame, number: int) -> str:
        tensor = frame.graph.tensors[number]
        own = tensor.name or f"input{number}"
        name = self.model.input_names.get(number) or own
        frame.told.add(number)
        with self.build.at(SourceNode("input", name, f"tensor {number}", (name,))):
            dtype = type_of(tensor)
            value = self.build.input(name, [abs(n) for n in tensor.shape], dtype, own)
            scalar = not tensor.shape and value.shape == (1,)
            frame.tensors[number] = Tensor(value, () if scalar else value.shape, dtype)
        return name

    def _output(self, frame: Frame, number: int) -> None:
        stored = frame.graph.tensors[number]
        name = self.model.output_names.get(number) or stored.name or f"output{number}"
        found = frame.tensor(number)
        if found is not None:
            self.build.output(name, found.value, found.dtype)
        elif number not in frame.told:
            with self.build.at(SourceNode("output", name, f"tensor {number}")):
                raise Unsupported("nothing gives this output", ADVICE)


def survey_tflite(data: bytes, source: str, given: Given) -> tuple[Graph, Diagnostics]:
    """The graph of a TensorFlow Lite file as far as it could be imported, and its problems. Raises TfliteError."""
    build = GraphBuilder(source, given.shapes, ADVICE, bound=given.bound)
    work = TfliteImporter(read_tflite(data), build, TensorBuilder(build), given.functions)
    return work.run(), build.problems
