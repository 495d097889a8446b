"""The C header of a model: names, shapes and types of its inputs and outputs, and its functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mgecc.emit.dtypes import DTYPES, CType
from mgecc.emit.naming import in_comment, model_prefix, tensor_names
from mgecc.emit.templates import fill
from mgecc.planner import IOTensor, Program


@dataclass(frozen=True)
class _Tensor:
    """An input or output as the template sees it. ``c``: its C type; ``shape``: a C initialiser."""

    index: int
    word: str
    text: str
    c: CType
    shape: str
    elements: int
    nbytes: int
    scale: str
    zero_point: int
    extent: tuple[int, int] | None


def _c_float(value: float) -> str:
    text = repr(float(value))
    return f"{text if any(c in text for c in '.en') else text + '.0'}f"


def _tensor(index: int, word: str, tensor: IOTensor) -> _Tensor:
    kind, dtype = tensor.type, tensor.type.dtype
    return _Tensor(
        index=index,
        word=word,
        text=in_comment(f"{tensor.name}: {dtype}{list(kind.shape)}"),
        c=DTYPES[dtype.name],
        shape=", ".join(map(str, kind.shape)) or "1",
        elements=kind.elements,
        nbytes=kind.nbytes,
        scale="" if dtype.scale is None else _c_float(dtype.scale),
        zero_point=dtype.zero_point,
        extent=tensor.extent,
    )


def _tensors(tensors: Sequence[IOTensor]) -> list[_Tensor]:
    return [_tensor(i, word, t) for i, (word, t) in enumerate(zip(tensor_names(tensors), tensors))]


def header(programs: Sequence[Program]) -> str:
    """Text of ``<model>.h``. Several programs (kernel sets for different machines) have the same inputs and outputs;
    the arena suffices for each of them."""
    first = programs[0]
    prefix = model_prefix(first.name)
    sides = {"input": _tensors(first.inputs), "output": _tensors(first.outputs)}
    arena = max(program.arena for program in programs)
    model = in_comment(first.name)
    declared = list(dict.fromkeys(k.declares for program in programs for k in program.kernels if k.declares))
    names = {"prefix": prefix, "upper": prefix.upper(), "model": model, "sides": sides, "arena": arena}
    return fill("model.h.j2", declared=declared, **names)
