"""Reader of ONNX files, by the package ``onnx``, which is imported for them only.

The file is checked and brought to one opset (``reader``), its nodes become nodes of the graph by ``rules`` over
``frontends.tensors``, and what is known is computed (``importer``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgecc.frontends.protobuf import is_message

if TYPE_CHECKING:
    from mgecc.frontends.given import Given
    from mgecc.graph import Diagnostics, Graph

TITLE = "ONNX"
_MODEL = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
"""Wire types of ModelProto's fields (onnx.proto)."""
_OLDEST_IR, _NEWEST_IR = 3, 64
_GRAPH = 7


def recognises(data: bytes | memoryview) -> bool:
    """Whether bytes are a ModelProto, or begin as those do that libraries write: a version, then another field."""
    view = memoryview(data).cast("B")
    begins = (
        len(view) > 2
        and view[0] == 0x08
        and _OLDEST_IR <= view[1] < _NEWEST_IR
        and view[2] & 7 == _MODEL.get(view[2] >> 3)
    )
    return begins or is_message(view, _MODEL, {_GRAPH}, _GRAPH)


def survey(data: bytes, source: str, given: Given) -> tuple[Graph, Diagnostics]:
    """The graph and its problems, see ``frontends.survey``."""
    from .importer import survey_onnx  # loads onnx

    return survey_onnx(data, source, given)


def open_inputs(data: bytes) -> dict[str, tuple[int | str, ...] | None]:
    """Inputs whose shapes are open, see ``frontends.open_inputs``."""
    from . import inputs  # loads onnx

    return inputs.open_inputs(data)


def deciding_inputs(data: bytes) -> list[str]:
    """Inputs on which conditions depend, see ``frontends.deciding_inputs``."""
    from . import inputs  # loads onnx

    return inputs.deciding_inputs(data)


def types_of(operator: str) -> tuple[str, ...]:
    """The types of nodes that are read as an operator."""
    from .rules import RULES  # loads the operators

    return RULES.types_of(operator)
