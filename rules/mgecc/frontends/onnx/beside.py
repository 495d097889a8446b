"""Which files hold constants of an ONNX model, found by the wire format alone: a build asks before it compiles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from mgecc.frontends.protobuf import fields

_MODEL_GRAPH, _FUNCTIONS, _FUNCTION_NODES = 7, 25, 7
_NODES, _INITIALISERS = 1, 5
_ATTRIBUTES = 5
_EXTERNAL_DATA = 13
_TENSORS, _GRAPHS = (5, 10), (6, 11)
"""Fields of onnx.proto."""


def files_beside(data: memoryview) -> list[str]:
    """Names of files inside the model's folder, each once; others are refused when the model is read."""
    return list(dict.fromkeys(name for name in _locations(data) if is_inside(name)))


def is_inside(location: str) -> bool:
    """Whether a location names a file in the model's folder or below it, on every system."""
    parts = PurePosixPath(location).parts
    plain = "\0" not in location and "\\" not in location and ":" not in location
    return bool(parts) and plain and ".." not in parts and not PurePosixPath(location).is_absolute()


def _locations(model: memoryview) -> Iterator[str]:
    for number, content in _messages(model):
        if number == _MODEL_GRAPH:
            yield from _of_graph(content)
        elif number == _FUNCTIONS:
            yield from (
                name for n, node in _messages(content) if n == _FUNCTION_NODES for name in _of_node(node)
            )


def _messages(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    return ((number, content) for number, wire, content in fields(data) if wire == 2)


def _of_graph(graph: memoryview) -> Iterator[str]:
    for number, content in _messages(graph):
        if number == _INITIALISERS:
            yield from _of_tensor(content)
        elif number == _NODES:
            yield from _of_node(content)


def _of_node(node: memoryview) -> Iterator[str]:
    attributes = (content for number, content in _messages(node) if number == _ATTRIBUTES)
    for number, content in (item for attribute in attributes for item in _messages(attribute)):
        if number in _TENSORS:
            yield from _of_tensor(content)
        elif number in _GRAPHS:
            yield from _of_graph(content)


def _of_tensor(tensor: memoryview) -> Iterator[str]:
    for number, entry in _messages(tensor):
        if number == _EXTERNAL_DATA:
            pair = {n: bytes(text) for n, text in _messages(entry)}
            if pair.get(1) == b"location":
                yield pair.get(2, b"").decode("utf-8", "replace")
