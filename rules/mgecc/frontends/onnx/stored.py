"""The numbers of large constants stay where they lie in the file; the package ``onnx`` would copy them twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from math import prod
from typing import Any, NamedTuple

import numpy as np

from mgecc.frontends.protobuf import changed, fields

from .dtypes import array_of
from .library import OWN, guarded, onnx

SMALL = 1024
"""Elements up to which a constant stays in the graph while it is converted: shapes, axes, bounds."""
_GRAPH, _NODE, _INITIALIZER, _RAW_DATA = 7, 1, 5, 9
_OP_TYPE, _DOMAIN, _ATTRIBUTE, _VALUE = 4, 7, 5, 5
"""Fields of onnx.proto."""


_Numbers = Iterable[memoryview | None]
"""Bytes of the file, None where a constant has kept its numbers."""


class Constant(NamedTuple):
    """A constant of a graph. ``numbers``: its bytes in the file; without them, ``proto`` has the numbers."""

    proto: Any
    numbers: memoryview | None = None

    def array(self) -> np.ndarray:
        """The numbers, read-only."""
        if self.numbers is None:
            return array_of(self.proto)
        found: np.ndarray = np.frombuffer(self.numbers, _plain(self.proto)).reshape(self.proto.dims)
        return found


def parse(data: bytes) -> tuple[Any, list[Constant]]:
    """The model of a file, and the constants of its graph, large ones of nodes among them. Raises OnnxError."""
    rest, numbers, of_nodes = _without_numbers(data)
    model: Any = onnx.ModelProto()
    with guarded("reading it as an ONNX model"):
        model.ParseFromString(rest)
    constants = list(map(_constant, model.graph.initializer, numbers))
    return model, [*constants, *_of_nodes(model.graph, of_nodes)]


def _constant(tensor: Any, numbers: memoryview | None) -> Constant:
    """A constant that has lost its numbers. It gets them back unless it is a large one of a plain type."""
    if numbers is None or (prod(tensor.dims) > SMALL and not tensor.data_location and _plain(tensor)):
        return Constant(tensor, numbers)
    tensor.raw_data = bytes(numbers)
    return Constant(tensor)


def _of_nodes(graph: Any, numbers: _Numbers) -> Iterator[Constant]:
    """Constants that nodes were; these are left as ``Identity`` of them, so that all nodes keep their numbers."""
    for node, content in zip(graph.node, numbers):
        if content is not None:
            (attribute,) = node.attribute
            found = _constant(attribute.t, content)
            if found.numbers is not None and _is_value(attribute) and len(node.output) == 1:
                tensor = onnx.TensorProto(name=f"{node.output[0]}:value", data_type=found.proto.data_type)
                tensor.dims.extend(found.proto.dims)
                node.op_type, node.input[:] = "Identity", [tensor.name]
                del node.attribute[:]
                yield Constant(tensor, content)
            else:
                attribute.t.raw_data = bytes(content)


def _is_value(attribute: Any) -> bool:
    stated = attribute.name, attribute.type, attribute.ref_attr_name
    return stated == ("value", onnx.AttributeProto.TENSOR, "")


def _without_numbers(data: bytes) -> tuple[bytes, _Numbers, _Numbers]:
    """The file without the numbers of large constants, and these in order: of its initializers, of its nodes.

    As it is where it has none, or is damaged.
    """
    found, of_nodes = list[memoryview | None](), list[memoryview | None]()

    def initializer(content: memoryview) -> bytes | memoryview:
        found.append(None)
        return content if len(content) <= SMALL else _taken(content, found)

    def node(content: memoryview) -> bytes | memoryview:
        of_nodes.append(None)
        if len(content) <= SMALL or not _is_constant(content):
            return content
        value = {_VALUE: lambda tensor: _taken(tensor, of_nodes)}
        return changed(content, {_ATTRIBUTE: lambda attribute: changed(attribute, value)})

    parts = {_INITIALIZER: initializer, _NODE: node}
    try:
        rest = changed(memoryview(data), {_GRAPH: lambda graph: changed(graph, parts)})
    except ValueError:
        return data, repeat(None), repeat(None)  # the package says what is wrong
    if all(content is None for content in (*found, *of_nodes)):
        return data, repeat(None), repeat(None)
    return rest, found, of_nodes


def _taken(tensor: memoryview, found: list[memoryview | None]) -> bytes:
    """A constant without its numbers, which become the last ones found."""

    def numbers(content: memoryview) -> None:
        found[-1] = content

    return changed(tensor, {_RAW_DATA: numbers})


def _is_constant(node: memoryview) -> bool:
    """Whether a node is a Constant of one tensor."""
    held = [(number, content) for number, _, content in fields(node)]
    words = {number: [bytes(c) for n, c in held if n == number] for number in (_OP_TYPE, _DOMAIN)}
    attributes = [content for number, content in held if number == _ATTRIBUTE]
    own = all(word.decode("utf-8", "replace") in OWN for word in words[_DOMAIN])
    single = len(attributes) == 1 and [n for n, _, _ in fields(attributes[0])].count(_VALUE) == 1
    return words[_OP_TYPE] == [b"Constant"] and own and single


def _plain(tensor: Any) -> np.dtype[Any] | None:
    """The type of numbers that NumPy itself has and stores as ONNX does."""
    try:
        dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
    except (KeyError, TypeError):
        return None
    return dtype if dtype.isbuiltin == 1 and dtype.kind in "biuf" else None
