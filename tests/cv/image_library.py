"""Generated image functions compiled for the build host and called through ctypes."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from mgecc.cv import CvFunction, cv_c, cv_functions
from mgecc.targets import Target, load_target
from mgecc.toolrun.sources import include_folder
from strict import STRICT

_FOLDER = tempfile.TemporaryDirectory(prefix="cv-")
_FLAGS = ["-std=c99", "-O2", "-fPIC", "-shared", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
_FLAGS += STRICT
NUMPY = {"ui8": np.uint8, "f16": np.float16, "f32": np.float32}
DTYPES = {"ui8": 6, "f16": 1, "f32": 0}
STATUS = ["OK", "NULL", "DTYPE", "SIZE", "CHANNELS", "STRIDE", "ALIGN", "OVERLAP", "ARGUMENT"]
_C_ARGUMENTS = {
    "bool": ctypes.c_bool, "int32_t": ctypes.c_int32, "uint8_t": ctypes.c_uint8, "double": ctypes.c_double,
}  # fmt: skip


class Image(ctypes.Structure):
    """mgecc_image."""

    _fields_ = [
        ("data", ctypes.c_void_p), ("rows", ctypes.c_int32), ("cols", ctypes.c_int32),
        ("channels", ctypes.c_int32), ("stride", ctypes.c_int32), ("dtype", ctypes.c_int),
    ]  # fmt: skip


@cache
def _compile(text: str, isa: str, flags: tuple[str, ...]) -> ctypes.CDLL:
    stem = Path(_FOLDER.name) / isa
    source, shared = stem.with_suffix(".c"), stem.with_suffix(".so")
    source.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["gcc", *_FLAGS, *flags, f"-I{include_folder()}", str(source), "-o", str(shared)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[:4000]
    return ctypes.CDLL(str(shared))


def library(target: Target) -> ctypes.CDLL:
    """All functions for a target whose code this machine runs."""
    return _compile(
        _text(target.name, target.cpu), target.isa, () if target.isa == "scalar" else tuple(target.cflags)
    )


@cache
def _text(target: str, cpu: str) -> str:
    return cv_c(cv_functions(), load_target(target, cpu))


def image(memory: np.ndarray, dtype: str) -> Image:
    """An image over an array of shape (rows, cols, channels) whose rows may be apart."""
    rows, cols, channels = memory.shape
    return Image(memory.ctypes.data, rows, cols, channels, memory.strides[0], DTYPES[dtype])


def _argument(ctype: str, given: Any) -> Any:
    if "*" in ctype:
        return None if given is None else (ctypes.c_double * 6)(*np.ravel(given))
    return _C_ARGUMENTS[ctype](given)


def call(
    target: Target, function: CvFunction, src: Image | None, dst: Image | None, arguments: Sequence[Any]
) -> str:
    """Name of the status, without MGECC_CV_E_."""
    ctypes_of = [words.rsplit(" ", 1) for words in function.arguments.split(", ") if words]
    kinds = [kind + "*" * name.count("*") for kind, name in ctypes_of]
    given = [_argument(kind, value) for kind, value in zip(kinds, arguments, strict=True)]
    images = [None if x is None else ctypes.byref(x) for x in (src, dst)]
    return STATUS[getattr(library(target), function.symbol)(*images, *given)]


def apart(shape: Sequence[int], dtype: str, gap: int) -> tuple[np.ndarray, np.ndarray]:
    """Memory full of 0xA5 and an image of this shape in it, with ``gap`` elements after every row."""
    rows, cols, channels = shape
    raw = np.full((rows + 2, cols * channels + gap), 0xA5, np.uint8).astype(NUMPY[dtype])
    raw.view(np.uint8)[:] = 0xA5
    return raw, raw[1:-1, : cols * channels].reshape(rows, cols, channels) if gap == 0 else _inner(raw, shape)


def _inner(raw: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    item = raw.itemsize
    strides = (raw.strides[0], shape[2] * item, item)
    return np.lib.stride_tricks.as_strided(raw[1:], tuple(shape), strides)


def run(target: Target, key: tuple[str, str], src: np.ndarray, shape: Sequence[int], arguments: Sequence[Any] = (),
        gaps: tuple[int, int] = (0, 0)) -> np.ndarray:  # fmt: skip
    """The result, of this shape, of a function for an image; rows of source and result lie ``gaps`` elements apart.

    Checks that nothing outside of the result's pixels was written and that the source is unchanged.
    """
    dtype = key[1]
    raw_src, given = apart(src.shape, dtype, gaps[0])
    given[:] = src
    before = raw_src.copy()
    raw, out = apart(shape, dtype, gaps[1])
    status = call(target, cv_functions()[key], image(given, dtype), image(out, dtype), arguments)
    assert status == "OK", (key, src.shape, shape, arguments)
    assert np.array_equal(raw_src.view(np.uint8), before.view(np.uint8)), "wrote to the source"
    result = out.copy()
    out.view(np.uint8)[:] = 0xA5
    assert (raw.view(np.uint8) == 0xA5).all(), "wrote outside of the result"
    return result
