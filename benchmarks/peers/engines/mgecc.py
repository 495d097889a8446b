"""A library that mgecc compiled, called from Python like the others: inputs copied in, a run, the output copied out."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILE_DATA), see docs/x86.md; elsewhere it fails and does nothing.
_ASK_FOR_TILES = (158, 0x1023, 18)


class Model(ctypes.Structure):
    """mgecc_model of mgecc.h."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("program", "weights", "arena", "table")]


def version() -> str:
    return ""


def load(folder: Path, inputs: dict[str, np.ndarray], products: str) -> Callable[[], np.ndarray]:
    """``products``: folder of the compiled model."""
    ctypes.CDLL(None).syscall(*_ASK_FOR_TILES)
    report = json.loads(Path(products, "report.json").read_text())
    library = ctypes.CDLL(str(Path(products, f"lib{report['model']}.so").resolve()))
    for function in (library.mgecc_input, library.mgecc_output):
        function.restype = ctypes.c_void_p
    memory = ctypes.create_string_buffer(report["arena"] + 64)
    arena = ctypes.c_void_p(ctypes.addressof(memory) + 63 & ~63)
    model = Model()
    status = library[f"{report['model']}_open"](ctypes.byref(model), arena, ctypes.c_size_t(report["arena"]))
    if status:
        raise RuntimeError(f"mgecc_open: status {status}")
    stored = [_stored(row, inputs) for row in report["inputs"]]
    places = [
        (library.mgecc_input(ctypes.byref(model), i), array.ctypes.data, array.nbytes)
        for i, array in enumerate(stored)
    ]
    out, at = report["outputs"][0], library.mgecc_output(ctypes.byref(model), 0)
    result, run, pointer = (
        np.empty(out["shape"], _plain(out["dtype"])),
        library.mgecc_run,
        ctypes.byref(model),
    )

    def once() -> np.ndarray:
        for to, data, size in places:
            ctypes.memmove(to, data, size)
        run(pointer)
        ctypes.memmove(result.ctypes.data, at, result.nbytes)
        return result

    once.memory = memory, stored  # type: ignore[attr-defined]
    return once


def _stored(row: dict[str, Any], inputs: dict[str, np.ndarray]) -> np.ndarray:
    """An input of the report in its element type; arrays may have the other name that the file has for it."""
    name = row["name"] if row["name"] in inputs else row.get("alias", row["name"])
    return np.ascontiguousarray(inputs[name], _plain(row["dtype"]))


def _plain(dtype: str) -> str:
    """The type in which a quantised one is stored."""
    return dtype.removeprefix("q")
