"""The numbers of large constants stay where they lie in the file; the package ``onnx`` would copy them twice."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from math import prod
from typing import Any, NamedTuple

import numpy as np

from mgecc.frontends.protobuf import changed

from .dtypes import array_of
from .library import guarded, onnx

SMALL = 1024
"""Elements up to which a constant stays in the graph while it is converted: shapes, axes, bounds."""
_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9
"""Fields of onnx.proto."""


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
    """The model of a file, and the constants of its graph. Raises OnnxError."""
    rest, numbers = _without_numbers(data)
    model: Any = onnx.ModelProto()
    with guarded("reading it as an ONNX model"):
        model.ParseFromString(rest)
    return model, list(map(_constant, model.graph.initializer, numbers))


def _constant(tensor: Any, numbers: memoryview | None) -> Constant:
    """A constant that has lost its numbers. It gets them back unless it is a large one of a plain type."""
    if numbers is None or (prod(tensor.dims) > SMALL and not tensor.data_location and _plain(tensor)):
        return Constant(tensor, numbers)
    tensor.raw_data = bytes(numbers)
    return Constant(tensor)


def _without_numbers(data: bytes) -> tuple[bytes, Iterable[memoryview | None]]:
    """The file without the numbers of large constants, and these in order; as it is where there are none."""
    found = list[memoryview | None]()

    def constant(content: memoryview) -> bytes | memoryview:
        found.append(None)
        return content if len(content) <= SMALL else changed(content, _RAW_DATA, numbers)

    def numbers(content: memoryview) -> None:
        found[-1] = content

    try:
        rest = changed(memoryview(data), _GRAPH, lambda graph: changed(graph, _INITIALIZER, constant))
    except ValueError:
        return data, repeat(None)  # the package says what is wrong
    return (rest, found) if any(content is not None for content in found) else (data, repeat(None))


def _plain(tensor: Any) -> np.dtype[Any] | None:
    """The type of numbers that NumPy itself has and stores as ONNX does."""
    try:
        dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
    except (KeyError, TypeError):
        return None
    return dtype if dtype.isbuiltin == 1 and dtype.kind in "biuf" else None
