"""Reader of TensorFlow Lite files (schema version 3): a bounded FlatBuffers reader, records, and rules over tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .reader import read_tflite, recognises

if TYPE_CHECKING:
    from mgecc.graph import Diagnostics, Graph


TITLE = "TensorFlow Lite"


def survey(data: bytes, *given: Any) -> tuple[Graph, Diagnostics]:
    """The graph and its problems, see ``frontends.survey``."""
    from .importer import survey_tflite  # loads the operators, which readers of records do without

    return survey_tflite(data, *given)


def types_of(operator: str) -> tuple[str, ...]:
    """The types of operators that are read as an operator."""
    from .rules import RULES  # likewise

    return RULES.types_of(operator)


__all__ = ["read_tflite", "recognises", "survey", "types_of"]
