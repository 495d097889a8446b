"""Running a compiled model in this process: the shared library of a model for this machine, with NumPy arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from elftools.elf.elffile import ELFFile
from numpy.typing import NDArray

from mgecc.emit.dtypes import DTYPES

# Names of element types, by their numbers in mgecc.h.
_NAMES = list(DTYPES)
# Quantised and packed types are handed over as they are stored.
_STORED = {"qint32": "int32", "qint16": "int16", "qint4": "int8", "quint4": "uint8", "qint1": "int8"}
_STORED |= {"qint8": "int8", "quint8": "uint8"}
_ALIGN = 64
_E_ARENA, _E_ARGUMENT = 7, 9
_MOST = 1 << 40


class _Model(ctypes.Structure):
    """``mgecc_dynamic`` or ``mgecc_bound`` of mgecc.h, which begin with a ``mgecc_model``."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("program", "weights", "arena", "table")),
        ("rest", ctypes.c_void_p * 16),
    ]


class _Info(ctypes.Structure):
    """``mgecc_tensor`` of mgecc.h."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("dims", ctypes.POINTER(ctypes.c_int32)),
        *((name, ctypes.c_uint32) for name in ("bytes", "dtype", "rank")),
        ("scale", ctypes.c_float),
        ("zero_point", ctypes.c_int32),
    ]


class RunFailed(RuntimeError):
    """The library refused: ``str`` is its own phrase."""


@dataclass(frozen=True)
class Tensor:
    """An input or output: ``dtype`` is what is stored, of quantised ones real = (stored - zero_point) * scale."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    zero_point: int


class NativeModel:
    """An open model. Not for several threads at once; open it again for each."""

    def __init__(self, library: ctypes.CDLL, name: str, shape_sets: bool) -> None:
        self.name = name
        self._library, self._several = library, shape_sets
        self._model = _Model()
        for function in ("mgecc_input", "mgecc_output"):
            getattr(library, function).restype = ctypes.c_void_p
        library.mgecc_status_text.restype = ctypes.c_char_p
        self._buffers: dict[tuple[str, int], NDArray[Any]] = {}
        self._sets = self._count_sets() if shape_sets else 1
        self._open(0)

    @property
    def inputs(self) -> list[Tensor]:
        """Inputs with their shapes; where several are possible, those of the last run (at first, the largest)."""
        return self._tensors("input")

    @property
    def outputs(self) -> list[Tensor]:
        """Outputs, likewise."""
        return self._tensors("output")

    def run(self, inputs: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Outputs by name, as arrays of their own. ``inputs``: an array for each input, of its shape; numbers of a
        type that the input holds are converted.

        Raises ValueError for arrays that do not fit, RunFailed where the library refuses them.
        """
        given = {name: np.asarray(array) for name, array in inputs.items()}
        self._choose_shapes(given)
        for index, (tensor, array) in enumerate(self._checked(given)):
            address = self._address("input", index)
            stored = np.ascontiguousarray(array, tensor.dtype)
            ctypes.memmove(address, stored.ctypes.data, stored.nbytes)
        run = self._library.mgecc_run_bound if self._buffers else self._library.mgecc_run
        self._check(run(ctypes.byref(self._model)))
        return {tensor.name: self._output(index, tensor) for index, tensor in enumerate(self.outputs)}

    def reset(self) -> None:
        """Give memory that lives across runs its first contents again; nothing for models without."""
        if hasattr(self._library, f"{self.name}_reset"):
            self._check(self._library[f"{self.name}_reset"](ctypes.byref(self._model)))

    def _count_sets(self) -> int:
        """How many sets of input shapes there are; those there are do not open in no memory."""
        number = 1
        while self._open_in(number, _ALIGN, 0) != _E_ARGUMENT:
            number += 1
        return number

    def _open(self, shape_set: int) -> None:
        """Open with an arena that is large enough; pages that are not used take no memory."""
        size, self._model = 1 << 16, _Model()
        while True:
            self._memory = _aligned(size)
            status = self._open_in(shape_set, self._memory.ctypes.data, size)
            if status != _E_ARENA or size > _MOST:
                self._check(status)
                return self._bind()
            size *= 4

    def _bind(self) -> None:
        """Give memory to inputs and outputs that have none in the arena."""
        self._buffers = {}
        for kind in ("input", "output"):
            for index, tensor in enumerate(self._tensors(kind)):
                if not self._address(kind, index):
                    memory = _aligned(prod(tensor.shape) * tensor.dtype.itemsize)
                    self._buffers[kind, index] = memory
                    words = ctypes.c_void_p(memory.ctypes.data), ctypes.c_size_t(memory.nbytes)
                    self._check(self._library[f"mgecc_bind_{kind}"](ctypes.byref(self._model), index, *words))

    def _address(self, kind: str, index: int) -> int:
        """Where an input or output lies; 0 if it is to be bound."""
        if (kind, index) in self._buffers:
            return int(self._buffers[kind, index].ctypes.data)
        return int(getattr(self._library, f"mgecc_{kind}")(ctypes.byref(self._model), index) or 0)

    def _open_in(self, shape_set: int, arena: int, size: int) -> int:
        words = [ctypes.byref(self._model), ctypes.c_void_p(arena), ctypes.c_size_t(size)]
        if not self._several:
            return int(self._library[f"{self.name}_open"](*words))
        return int(self._library[f"{self.name}_open_shapes"](words[0], ctypes.c_uint(shape_set), *words[1:]))

    def _choose_shapes(self, given: Mapping[str, NDArray[Any]]) -> None:
        """The sizes, or the set of input shapes, that arrays have; what does not fit, ``_checked`` tells."""
        if self._model.rest[0] and not self._buffers:
            for index, tensor in enumerate(self.inputs):
                if tensor.name in given:
                    self._set_shape(index, tensor.name, given[tensor.name].shape)
        others = iter(range(self._sets if self._several else 0))
        while not self._fits(given) and (number := next(others, None)) is not None:
            self._open(number)

    def _fits(self, given: Mapping[str, NDArray[Any]]) -> bool:
        return all(tensor.shape == given[tensor.name].shape for tensor in self.inputs if tensor.name in given)

    def _set_shape(self, index: int, name: str, shape: tuple[int, ...]) -> None:
        dims = (ctypes.c_int32 * max(1, len(shape)))(*shape)
        status = self._library.mgecc_set_shape(ctypes.byref(self._model), index, dims, len(shape))
        if status:
            raise ValueError(f"input {name} cannot have the shape {list(shape)}")

    def _checked(self, given: Mapping[str, NDArray[Any]]) -> list[tuple[Tensor, NDArray[Any]]]:
        tensors = self.inputs
        names = [tensor.name for tensor in tensors]
        if set(given) != set(names):
            raise ValueError(f"the inputs are {', '.join(names)}; given: {', '.join(given) or 'none'}")
        for tensor in tensors:
            _check_array(tensor, given[tensor.name])
        return [(tensor, given[tensor.name]) for tensor in tensors]

    def _tensors(self, kind: str) -> list[Tensor]:
        count = int(self._library[f"mgecc_{kind}_count"](ctypes.byref(self._model)))
        return [self._tensor(kind, index) for index in range(count)]

    def _tensor(self, kind: str, index: int) -> Tensor:
        info = _Info()
        self._check(self._library[f"mgecc_{kind}_info"](ctypes.byref(self._model), index, ctypes.byref(info)))
        name = _NAMES[info.dtype]
        dtype = np.dtype(_STORED.get(name, name))
        return Tensor(info.name.decode(), tuple(info.dims[: info.rank]), dtype, info.scale, info.zero_point)

    def _output(self, index: int, tensor: Tensor) -> NDArray[Any]:
        made = np.empty(tensor.shape, tensor.dtype)
        ctypes.memmove(made.ctypes.data, self._address("output", index), made.nbytes)
        return made

    def _check(self, status: int) -> None:
        if status:
            raise RunFailed(self._library.mgecc_status_text(status).decode())


def _aligned(size: int) -> NDArray[Any]:
    """Bytes as arenas and buffers want them."""
    memory = np.empty(size + _ALIGN, np.uint8)
    start = -memory.ctypes.data % _ALIGN
    return memory[start : start + size]


def _check_array(tensor: Tensor, array: NDArray[Any]) -> None:
    if array.shape != tensor.shape:
        raise ValueError(f"input {tensor.name} has the shape {list(tensor.shape)}, not {list(array.shape)}")
    if not np.can_cast(array.dtype, tensor.dtype, "same_kind"):
        raise ValueError(f"input {tensor.name} holds {tensor.dtype}, not {array.dtype}")


def load(path: str | Path, name: str = "") -> NativeModel:
    """Open the model of a shared library that was compiled for this machine. ``name``: which, of several.

    Raises OSError where the library cannot be loaded, ValueError where it holds no such model, RunFailed.
    """
    library = ctypes.CDLL(str(Path(path).absolute()))
    with Path(path).open("rb") as file:
        found: Any = ELFFile(file).get_section_by_name(".dynsym")
        symbols = {symbol.name for symbol in found.iter_symbols()}
    models = sorted(s.removesuffix("_open_blob") for s in symbols if s.endswith("_open_blob"))
    if name not in models and (name or len(models) != 1):
        raise ValueError(f"{path} holds {', '.join(models) or 'no model'}: say which by name=")
    chosen = name or models[0]
    return NativeModel(library, chosen, f"{chosen}_open_shapes" in symbols)
