"""A model's inputs and outputs as arrays and as the bytes a program reads and writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from mgecc.config import Cases, SizeConfig
from mgecc.errors import InputError
from mgecc.graph import DType
from mgecc.interpret import beyond

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Tensor:
    """One input or output: the user's name, its shape and element type.

    ``extent``: where the size depends on the data, (axis, position of the output with the number of valid elements).
    ``alias``: another name that the model file has for an input. ``range``: of an input's integers, if not all.
    """

    name: str
    shape: tuple[int, ...]
    dtype: DType
    extent: tuple[int, int] | None = None
    sized_shape: tuple[Any, ...] = ()
    alias: str = ""
    range: tuple[int, int] | None = None

    def key_in(self, arrays: Arrays) -> str:
        """The key of an input among recorded arrays."""
        own, other = f"in.{self.name}", f"in.{self.alias}"
        return other if self.alias and own not in arrays and other in arrays else own

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * self.dtype.size


@dataclass(frozen=True)
class Interface:
    """Inputs and outputs of a model in their order, and the bytes of its arena (the largest) and weights.

    ``has_states``: what a run gives depends on the runs before it. ``is_bound``: some lie outside of the
    arena.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    arena: int
    weights: int
    sizes: tuple[SizeConfig, ...] = ()
    has_states: bool = False
    is_bound: bool = False

    @property
    def output_bytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.outputs)

    @property
    def traffic(self) -> int:
        """Bytes of one case: inputs and outputs."""
        return self.output_bytes + sum(tensor.nbytes for tensor in self.inputs)


def read_interfaces(folder: Path, model: str = "") -> list[Interface]:
    """From the report.json of a products folder, one for each set of input shapes.

    ``model``: which one, where there are several.
    """
    found = interfaces_by_model(folder)
    return found[model] if len(found) > 1 else next(iter(found.values()))


def interfaces_by_model(folder: Path) -> dict[str, list[Interface]]:
    """Of all models in a products folder."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return {row["model"]: _interfaces(row) for row in report.get("models", [report])}


def _interfaces(report: dict[str, Any]) -> list[Interface]:
    parts = report.get("members") or [report]
    size = {key: max(part[key] for part in parts) for key in ("arena", "weights")}
    return [
        Interface(
            inputs=tuple(_tensor(row) for row in rows["inputs"]),
            outputs=tuple(_tensor(row) for row in rows["outputs"]),
            sizes=tuple(SizeConfig(s["name"], s["min"], s["max"], s["step"]) for s in rows.get("sizes", ())),
            has_states="states" in rows,
            is_bound=any("buffer" in row for row in (*rows["inputs"], *rows["outputs"])),
            **size,
        )
        for rows in report.get("shape_sets", [report])
    ]


def _tensor(row: dict[str, Any]) -> Tensor:
    dtype = DType(row["dtype"], row.get("scale"), row.get("zero_point", 0))
    extent = (row["extent"]["axis"], row["extent"]["output"]) if "extent" in row else None
    sized = tuple(row.get("sized_shape", ()))
    span = (row["range"][0], row["range"][1]) if "range" in row else None
    return Tensor(row["name"], tuple(row["shape"]), dtype, extent, sized, row.get("alias", ""), span)


def valid_part(tensor: Tensor, arrays: Sequence[np.ndarray], position: int) -> tuple[Tensor, np.ndarray]:
    """An output with the shape it has in these cases; ``arrays`` are all outputs, stacked over the cases.

    Raises InputError where the cases have different sizes.
    """
    array = arrays[position]
    if tensor.extent is None:
        return tensor, array
    axis, place = tensor.extent
    sizes = sorted({int(n) for n in arrays[place].reshape(-1)})
    if len(sizes) > 1:
        raise InputError(
            f"{tensor.name} has different sizes in its cases ({sizes[0]} to {sizes[-1]}): take one case"
        )
    shape = (*tensor.shape[:axis], *sizes, *tensor.shape[axis + 1 :])
    return replace(tensor, shape=shape), array.take(range(*sizes), axis + 1)


def split_cases(array: np.ndarray, tensor: Tensor, key: str) -> np.ndarray:
    """The array with a leading axis of cases: as it is if it has one, else with one case. Raises InputError.

    A batch that is a multiple of the model's is that many cases. A scalar is an array of one element to some writers
    and of none to others.
    """
    if array.shape == tensor.shape or (array.shape == () and tensor.shape == (1,)):
        return array.reshape(tensor.shape)[None]
    if tensor.shape == (1,) and array.ndim == 1 and len(array):
        return array[:, None]  # a scalar in each case
    if array.shape[1:] == tensor.shape and array.ndim == len(tensor.shape) + 1 and len(array):
        return array
    if array.ndim == len(tensor.shape) > 1 and array.shape[1:] == tensor.shape[1:] and len(array):
        count, rest = divmod(len(array), tensor.shape[0])
        if rest == 0:
            return array.reshape(count, *tensor.shape)
    raise InputError(
        f"{key} has shape {list(array.shape)}, the model wants {list(tensor.shape)} (or N of it)"
    )


def input_stacks(arrays: Arrays, interface: Interface) -> Arrays:
    """Input name -> its cases stacked, as stored, in the model's order; all with the same number of cases.

    Raises InputError for what is missing or does not fit.
    """
    stacks = {}
    for tensor in interface.inputs:
        key = tensor.key_in(arrays)
        if key not in arrays:
            file = file_of(arrays) or "the inputs"
            raise InputError(f"{key} is missing in {file}, which has: {', '.join(arrays) or 'no inputs'}")
        named = key_of(arrays, key)
        stacks[tensor.name] = split_cases(_as_stored(arrays[key], tensor, named), tensor, named)
    counts = {name: len(stack) for name, stack in stacks.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"in.{name} has {count}" for name, count in counts.items())
        raise InputError(f"{key_of(arrays, '')}inputs have different numbers of cases: {told}")
    return stacks


def file_of(arrays: Arrays) -> str:
    """Where arrays were read; empty if they were not."""
    return arrays.file if isinstance(arrays, Cases) else ""


def key_of(arrays: Arrays, key: str) -> str:
    """An array's name behind that of its file."""
    file = file_of(arrays)
    return f"{file}: {key}" if file else key


def ignored_arrays(arrays: Arrays, interface: Interface) -> list[str]:
    """A line about arrays that are no inputs of the model, if there are any."""
    known = {tensor.key_in(arrays) for tensor in interface.inputs}
    extra = [name for name in arrays if name not in known]
    verbs = "belongs to no input and is" if len(extra) == 1 else "belong to no input and are"
    return [f"{key_of(arrays, ', '.join(extra))} {verbs} ignored"] if extra else []


def fitting(arrays: Arrays, interfaces: Sequence[Interface]) -> int:
    """Which interface the inputs belong to; a single case goes before several.

    Raises InputError if none of several has their shapes; of one alone, ``input_stacks`` says what does not fit.
    """
    for depth in (0, 1) if len(interfaces) > 1 else ():
        for number, interface in enumerate(interfaces):
            wanted = {tensor.key_in(arrays): tensor.shape for tensor in interface.inputs}
            if all(key in arrays and arrays[key].shape[depth:] == wanted[key] for key in wanted):
                return number
    return 0 if len(interfaces) == 1 else _fitting_batch(arrays, interfaces)


def _fitting_batch(arrays: Arrays, interfaces: Sequence[Interface]) -> int:
    """Inputs whose batch is a multiple of a set's."""
    errors = []
    for number, interface in enumerate(interfaces):
        try:
            input_stacks(arrays, interface)
            return number
        except InputError as error:
            errors.append(str(error))
    raise InputError("no set of input shapes fits: " + "; ".join(dict.fromkeys(errors)))


def input_cases(arrays: Arrays, interface: Interface) -> list[bytes]:
    """Bytes of every case's inputs, one after the other in the model's order. Raises InputError."""
    stacks = list(input_stacks(arrays, interface).values())
    count = len(stacks[0]) if stacks else 1
    return [b"".join(stack[case].tobytes() for stack in stacks) for case in range(count)]


def _as_stored(array: np.ndarray, tensor: Tensor, key: str) -> np.ndarray:
    """In the element type the model stores; real numbers for a quantised input are quantised."""
    want = tensor.dtype.numpy
    _check_carried(array, tensor, key)
    if array.dtype == want:
        return array
    if tensor.dtype.scale is not None and array.dtype.kind == "f":
        low, high = tensor.dtype.range
        scaled = np.rint(array.astype(np.float64) / tensor.dtype.scale) + tensor.dtype.zero_point
        return np.asarray(np.clip(scaled, low, high).astype(want))
    if not np.can_cast(array.dtype, want, "same_kind"):
        raise InputError(f"{key} has element type {array.dtype}, the model wants {tensor.dtype}")
    with np.errstate(over="ignore"):
        stored = array.astype(want)
    lost = stored != array if want.kind in "iu" else np.isfinite(array) & ~np.isfinite(stored)
    if lost.any():
        raise InputError(
            f"{key} holds {array[lost].flat[0]}, which is too large for the model's {tensor.dtype}"
        )
    return stored


def _check_carried(array: np.ndarray, tensor: Tensor, key: str) -> None:
    """InputError for integers that do not fit the type in which kernels compute, as a run would refuse them."""
    why = beyond(array, tensor.range if array.dtype.kind in "iu" else None)
    if why:
        raise InputError(f"{key} holds {why}")


def output_arrays(results: list[bytes], interface: Interface) -> list[np.ndarray]:
    """Outputs in order, each stacked over the cases, in the element type the model stores."""
    arrays, start = [], 0
    for tensor in interface.outputs:
        parts = [result[start : start + tensor.nbytes] for result in results]
        start += tensor.nbytes
        stacked = np.frombuffer(b"".join(parts), tensor.dtype.numpy.newbyteorder("<"))
        arrays.append(stacked.reshape(len(results), *tensor.shape).astype(tensor.dtype.numpy))
    return arrays


def dequantized(array: np.ndarray, tensor: Tensor) -> np.ndarray:
    """Real numbers of stored ones."""
    if tensor.dtype.scale is None:
        return array
    return ((array.astype(np.float64) - tensor.dtype.zero_point) * tensor.dtype.scale).astype(np.float32)
