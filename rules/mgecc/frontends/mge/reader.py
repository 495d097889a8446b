"""Recognises what kind of `.mge` file the bytes are and reads the model in it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

from mgecc.frontends.flatbuffer import Budget, Buffer

from .container_fbs import read_fbs
from .container_v2 import IDENTIFIER as V2_IDENTIFIER
from .container_v2 import read_v2
from .errors import MgeError
from .model import Model
from .stored_cases import case_arrays, without_assertions

ContainerReader = Callable[[memoryview, int, Budget], tuple[Model, int]]

_CONTAINERS: tuple[tuple[int, bytes, ContainerReader], ...] = (
    (8, V2_IDENTIFIER, read_v2),
    (0, b"MGBC", read_fbs),
    (0, b"MGBS", read_fbs),
)
"""(offset of the mark, mark, reader), in the order of testing."""

_TEST_CASES = b"mgbtest0"
_PACKAGE = b"packed_model"
_UNSUPPORTED: tuple[tuple[int, bytes, str], ...] = (
    (0, b"mgb0001", "the raw format older than MegEngine's release cannot be read; dump the model again"),
    (0, b"mgb0000a", "the raw format older than MegEngine's release cannot be read; dump the model again"),
    (4, b"anc00001", "an application package, usually encrypted; unpack the plain model first"),
    (4, b"anc00002", "an application package, usually encrypted; unpack the plain model first"),
    (4, b"mgf00001", "an application package, usually encrypted; unpack the plain model first"),
    (4, b"mgf00002", "an application package, usually encrypted; unpack the plain model first"),
)


def _marked(data: memoryview, position: int, mark: bytes) -> bool:
    return data[position : position + len(mark)] == mark


def _read_container(data: memoryview, position: int, budget: Budget) -> tuple[Model, int]:
    """The container at `position`, or the clearest reason why there is none."""
    for offset, mark, reader in _CONTAINERS:
        if _marked(data, position + offset, mark):
            return reader(data, position, budget)
    for offset, mark, reason in _UNSUPPORTED:
        if _marked(data, position + offset, mark):
            raise MgeError(reason, position)
    if position >= len(data):
        raise MgeError("the file ends where a model should start", position)
    raise MgeError("not a plain MegEngine model (damaged, encrypted or another kind of file)", position)


def _read_test_cases(data: memoryview, mark: int, budget: Budget) -> Model:
    """Mark, uint32 number of cases, the model, then one FBS_V2 model of constants for each case."""
    start = mark + len(_TEST_CASES) + 4
    if len(data) < start:
        raise MgeError("the file ends before its model starts", len(data))
    (count,) = struct.unpack_from("<I", data, start - 4)
    model, position = _read_container(data, start, budget)
    cases = []
    for _ in range(count):
        begin = position
        case, position = read_v2(data, begin, budget)
        cases.append(case_arrays(model, case, begin))
    return replace(without_assertions(model), test_cases=tuple(cases))


def _packed_extent(data: memoryview, budget: Budget) -> tuple[int, int]:
    """(start, end) of the model in a MegEngine-Lite package, whose FlatBuffer starts behind the mark."""
    package = Buffer(data, len(_PACKAGE), len(data), budget)
    packed = next(package.root().tables(0), None)
    if packed is None:
        raise MgeError("the package holds no model", package.start)
    header, body = packed.table(0), packed.table(2)
    scheme = header.string(3) if header else ""
    if scheme not in ("", "NONE"):
        raise MgeError(f"the packed model is encrypted ({scheme})", packed.position)
    extent = body.extent(0) if body else None
    if extent is None:
        raise MgeError("the package holds no model data", packed.position)
    return extent


def recognises(data: bytes) -> bool:
    """Whether the bytes begin like a model of MegEngine, readable or not."""
    view = memoryview(data).cast("B")
    marks = [(offset, mark) for offset, mark, _ in (*_CONTAINERS, *_UNSUPPORTED)]
    return any(_marked(view, offset, mark) for offset, mark in (*marks, (0, _TEST_CASES), (0, _PACKAGE)))


def read_mge(data: bytes) -> Model:
    """Read a model file.

    Of several models in one file the first counts, as in MegEngine. Tensors view `data` without copying.
    Raises MgeError, and nothing else, when the bytes are not a readable model; time and memory are bounded by a
    multiple of the file's size.
    """
    view = memoryview(data).cast("B").toreadonly()
    budget = Budget(len(view), MgeError)
    start, end = _packed_extent(view, budget) if _marked(view, 0, _PACKAGE) else (0, len(view))
    view = view[:end]
    if _marked(view, start, _TEST_CASES):
        return _read_test_cases(view, start, budget)
    return _read_container(view, start, budget)[0]
