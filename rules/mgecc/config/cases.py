"""Recorded tensors (.npz): reading what others wrote without trust, and writing the same bytes every time.

A .npz is a zip of .npy files. Names are ``in.<input name>`` for inputs and ``out.<k>`` for the k-th output; several
cases are stacked on a leading axis.
"""

from __future__ import annotations

import io
import os
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from mgecc.errors import InputError

MAX_ARRAYS = 1024
MAX_TOTAL_BYTES = 1 << 30
MAX_HEADER_BYTES = 4096
_KINDS = "biuf"
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)
_HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}

# What NumPy's header parser (a literal evaluator behind a tokenizer) raises on nonsense.
_HEADER_ERRORS = (
    ValueError,
    KeyError,
    TypeError,
    SyntaxError,
    MemoryError,
    RecursionError,
    tokenize.TokenError,
)


class Cases(dict[str, np.ndarray]):
    """Arrays by name; ``file`` is where they were read, for messages."""

    def __init__(self, file: Path | str, arrays: Mapping[str, np.ndarray]) -> None:
        super().__init__(arrays)
        self.file = str(file)


class CasesError(InputError):
    """A .npz that cannot be used; the text names the file and, where there is one, the array."""


def load_cases(path: Path | str, max_bytes: int = MAX_TOTAL_BYTES) -> Cases:
    """All arrays of a .npz, sorted by name.

    Numbers and booleans only, C-ordered and in this machine's byte order; at most ``max_bytes`` in all and 1024 arrays.
    Raises CasesError for anything else; nothing of the file is ever executed (no pickles).
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return Cases(path, _read_all(archive, Path(path), max_bytes))
    except OSError as error:
        raise CasesError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise CasesError(f"{path}: not a usable .npz file: {error}") from None


def load_side(path: Path | str, side: str) -> Cases:
    """The arrays of a .npz for one side of a model, "in" or "out", which may lie beside those of the other.

    Raises CasesError as ``load_cases``.
    """
    other = {"in": "out.", "out": "in."}[side]
    arrays = load_cases(path)
    return Cases(path, {name: array for name, array in arrays.items() if not name.startswith(other)})


def cases_beside(model: Path) -> Path | None:
    """NAME.npz beside the model file NAME.mge, which is taken as its recorded inputs and outputs; None if none is."""
    path = model.with_suffix(".npz")
    return path if path.is_file() else None


def _read_all(archive: zipfile.ZipFile, path: Path, max_bytes: int) -> dict[str, np.ndarray]:
    members = archive.infolist()
    if len(members) > MAX_ARRAYS:
        raise CasesError(f"{path}: {len(members)} arrays; at most {MAX_ARRAYS} are read")
    arrays: dict[str, np.ndarray] = {}
    for member in sorted(members, key=lambda m: m.filename):
        name = member.filename.removesuffix(".npy")
        if name == member.filename or name in arrays:
            raise CasesError(f"{path}: '{member.filename[:80]}' is not an array or is there twice")
        used = sum(array.nbytes for array in arrays.values())
        arrays[name] = _read_member(archive, member, f"{path}: array '{name[:80]}'", max_bytes - used)
    return arrays


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str, budget: int) -> np.ndarray:
    with archive.open(member) as stream:
        return _read_array(stream, where, budget)


def load_array(path: Path | str, max_bytes: int = MAX_TOTAL_BYTES) -> np.ndarray:
    """The array of a .npy, within the same limits as those of a .npz. Raises CasesError."""
    try:
        with open(path, "rb") as stream:
            return _read_array(stream, str(path), max_bytes)
    except OSError as error:
        raise CasesError(f"{path}: cannot be read: {error.strerror or error}") from None


def _read_array(stream: IO[bytes], where: str, budget: int) -> np.ndarray:
    try:
        shape, fortran, dtype = _HEADER_READERS[npy.read_magic(stream)](
            stream, max_header_size=MAX_HEADER_BYTES
        )
    except _HEADER_ERRORS:
        raise CasesError(f"{where}: not a .npy header that can be read") from None
    count = _element_count(shape, dtype, where, budget)
    data = stream.read(count * dtype.itemsize + 1)
    if len(data) != count * dtype.itemsize:
        raise CasesError(f"{where}: holds another number of bytes than its shape {shape} needs")
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    return np.ascontiguousarray(array, dtype.newbyteorder("=")).reshape(shape)


def _element_count(shape: tuple[int, ...], dtype: np.dtype, where: str, budget: int) -> int:
    if dtype.kind not in _KINDS:
        raise CasesError(f"{where}: element type {dtype} is not a number")
    if len(shape) > 16 or any(extent < 0 for extent in shape):
        raise CasesError(f"{where}: impossible shape")
    count = prod(shape)
    if count * dtype.itemsize > budget:
        raise CasesError(f"{where}: shape {shape} exceeds the limit of {budget} bytes left for this file")
    return count


def save_cases(path: Path | str, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as a compressed .npz whose bytes depend on names and contents alone; replaces the file at once."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            info = zipfile.ZipInfo(name + ".npy", _FIXED_DATE)
            info.external_attr, info.create_system = 0o644 << 16, 3
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, _npy_bytes(arrays[name]), compresslevel=9)
    partial = Path(f"{path}.{os.getpid()}.partial")
    try:
        partial.write_bytes(buffer.getvalue())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        error.filename = str(path)  # a full disk is found by a write, which names no file
        raise


def _npy_bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    contiguous = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
    npy.write_array(buffer, contiguous, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()
