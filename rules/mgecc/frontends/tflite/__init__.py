"""Reader of TensorFlow Lite files (schema version 3): a bounded FlatBuffers reader, records, and rules over tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .reader import read_tflite, recognises

if TYPE_CHECKING:
    from mgecc.frontends.given import Given
    from mgecc.graph import Diagnostics, Graph


TITLE = "TensorFlow Lite"


def survey(data: bytes, source: str, given: Given) -> tuple[Graph, Diagnostics]:
    """The graph and its problems, see ``frontends.survey``."""
    from .importer import survey_tflite  # loads the operators, which readers of records do without

    return survey_tflite(data, source, given)


def open_inputs(data: bytes) -> dict[str, tuple[int | str, ...] | None]:
    """Inputs whose shapes are open, see ``frontends.open_inputs``; sizes have no names. Raises TfliteError."""
    model = read_tflite(data)
    graph = model.subgraphs[0]
    tensors = {model.input_names.get(n) or graph.tensors[n].name: graph.tensors[n] for n in graph.inputs}
    shapes = {name: tensor.signature or tensor.shape for name, tensor in tensors.items()}
    return {
        name: tuple("" if n < 0 else n for n in shape)
        for name, shape in shapes.items()
        if min(shape, default=0) < 0
    }


def types_of(operator: str) -> tuple[str, ...]:
    """The types of operators that are read as an operator, of floats or of quantised bytes."""
    from .quantised import RULES as QUANTISED  # likewise
    from .rules import RULES

    return tuple(dict.fromkeys((*RULES.types_of(operator), *QUANTISED.types_of(operator))))


__all__ = ["open_inputs", "read_tflite", "recognises", "survey", "types_of"]
