"""The C header of a model: names, shapes and types of its inputs and outputs, and its functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mgecc.emit.dtypes import DTYPES, CType
from mgecc.emit.naming import in_comment, model_prefix, tensor_names, unique
from mgecc.emit.templates import fill
from mgecc.graph.polynomials import Atom
from mgecc.graph.symbolic import at_max_sizes, equal, number
from mgecc.graph.unsupported import CLOSE, OPEN
from mgecc.planner import IOTensor, Program, shape_sets

_SHAPES, _SIZES, _RANGES = "shapes.h.j2", "declared_sizes.h.j2", "ranges.h.j2"
OCCASIONAL = frozenset({_SHAPES, _SIZES, _RANGES})  # templates of what only some models have
_TRUST = {
    "always": "",
    "once": "The former is checked\n * until it has passed, then no more while the program runs; the latter always. ",
    "never": "The former is part of the\n * program and not checked; the latter always is. ",
}
_LIMITS = {-(1 << 31): "INT32_MIN", (1 << 31) - 1: "INT32_MAX"}
"""Numbers that C has words for."""


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
    beyond: str
    outside: bool


def _c_float(value: float) -> str:
    text = repr(float(value))
    return f"{text if any(c in text for c in '.en') else text + '.0'}f"


def _sized(tensor: IOTensor) -> str:
    """Its shape, with expressions over sizes as they are."""
    return f"[{', '.join(str(n).strip(OPEN + CLOSE) for n in tensor.type.shape)}]"


def _tensor(index: int, word: str, tensor: IOTensor) -> _Tensor:
    kind, dtype = tensor.type.with_shape(tuple(map(at_max_sizes, tensor.type.shape))), tensor.type.dtype
    return _Tensor(
        index=index,
        word=word,
        text=in_comment(f"{tensor.name}: {dtype}{_sized(tensor)}"),
        c=DTYPES[dtype.name],
        shape=", ".join(map(str, kind.shape)) or "1",
        elements=kind.elements,
        nbytes=kind.nbytes,
        scale="" if dtype.scale is None else _c_float(dtype.scale),
        zero_point=dtype.zero_point,
        extent=tensor.extent,
        beyond=_beyond(tensor),
        outside=tensor.is_outside,
    )


def header_templates(programs: Sequence[Program]) -> set[str]:
    """Which of the ``OCCASIONAL`` templates go into the headers of models with these programs."""
    several = {_SHAPES} if len(shape_sets(programs)) > len({program.name for program in programs}) else set()
    wide = {_RANGES} if any(map(_is_limited, programs)) else set()
    return several | wide | ({_SIZES} if any(program.sizes for program in programs) else set())


def _is_limited(program: Program) -> bool:
    return any(map(_beyond, program.inputs))


def _beyond(tensor: IOTensor) -> str:
    """Whether a number is outside of the input's range, in C; empty if none of its type is."""
    if tensor.range is None:
        return ""
    (low, high), (least, most) = (map(int, span) for span in (tensor.range, tensor.type.dtype.range))
    tests = [f"x[i] < {_LIMITS.get(low, low)}"] * (low > least) + [f"x[i] > {_LIMITS.get(high, high)}"] * (
        high < most
    )
    return " || ".join(tests)


def _tensors(tensors: Sequence[IOTensor]) -> list[_Tensor]:
    return [_tensor(i, word, t) for i, (word, t) in enumerate(zip(tensor_names(tensors), tensors))]


def header(programs: Sequence[Program]) -> str:
    """Text of ``<model>.h`` for the programs of a model: one for each kernel set and set of input shapes; the arena
    suffices for each of them."""
    first = programs[0]
    prefix = model_prefix(first.name)
    sides = _sides(first)
    arena = max(program.arena for program in programs)
    model = in_comment(first.name)
    declared = list(dict.fromkeys(k.declares for program in programs for k in program.kernels if k.declares))
    names: dict[str, Any] = {"prefix": prefix, "upper": prefix.upper(), "model": model}
    names |= {"sides": sides, "arena": arena} | _object(programs)
    shapes = shape_sets(programs)
    text = fill(_SHAPES, **names, **_shapes(shapes)) if len(shapes) > 1 else ""
    text += fill(_SIZES, **names, sizes=_sizes(first)) if first.sizes else ""
    names["threads"] = threads = max(program.max_chunks for program in programs)
    names["run"] = (
        "mgecc_run_parallel" if threads > 1 else "mgecc_run_bound" if names["bound"] else "mgecc_run"
    )
    names["states"] = [
        {"nbytes": state.type.nbytes, "text": in_comment(state.name)} for state in first.states
    ]
    names["trust"] = _TRUST[first.verify_blob]
    names["base"] = "m" if names["object"] == "mgecc_model" else "&m->model"
    ranges = fill(_RANGES, **names) if _is_limited(first) else ""
    return fill("model.h.j2", declared=declared, shape_sets=len(shapes), shapes=text, ranges=ranges, **names)


def _object(programs: Sequence[Program]) -> dict[str, Any]:
    """The type of open models, and the bytes of all buffers of the application's, each from a line of its own."""
    if not any(program.is_bound for program in programs):
        return {"object": "mgecc_dynamic" if programs[0].sizes else "mgecc_model", "bound": 0}
    sums = [
        sum(-(-t.type.nbytes // 64) * 64 for t in (*p.inputs, *p.outputs) if t.is_outside) for p in programs
    ]
    return {"object": "mgecc_bound", "bound": max(1, *sums)}


def _sides(program: Program) -> dict[str, list[_Tensor]]:
    return {"input": _tensors(program.inputs), "output": _tensors(program.outputs)}


def _sizes(program: Program) -> list[dict[str, Any]]:
    words = unique(size.name for size in program.sizes)
    return [
        {
            "word": word,
            "min": s.low * s.step,
            "max": s.high * s.step,
            "step": s.step,
            "axes": _axes(program, s),
        }
        for word, s in zip(words, program.sizes)
    ]


def _axes(program: Program, size: Atom) -> str:
    """The axes of inputs that have the size, for a comment."""
    whole = number((((size,), size.step),))
    found = [
        f"axis {axis} of {tensor.name}"
        for tensor in program.inputs
        for axis, n in enumerate(tensor.type.shape)
        if equal(n, whole)
    ]
    return in_comment(", ".join(found))


def _shapes(sets: Sequence[tuple[Program, ...]]) -> dict[str, Any]:
    """Sets of input shapes as the template sees them: each named by the inputs whose shapes are not the same in all."""
    inputs = list(zip(*(programs[0].inputs for programs in sets)))
    words = tensor_names(sets[0][0].inputs)
    varying = [k for k, tensors in enumerate(inputs) if len({t.type.shape for t in tensors}) > 1]
    return {
        "varying": [{"word": words[k], "rank": inputs[k][0].type.rank} for k in varying],
        "sets": [_shape_set(programs, varying) for programs in sets],
    }


def _shape_set(programs: tuple[Program, ...], varying: Sequence[int]) -> dict[str, Any]:
    inputs = [programs[0].inputs[k] for k in varying]
    return {
        "word": "_".join("X".join(map(str, t.type.shape)) for t in inputs),
        "text": in_comment(", ".join(f"{t.name}: {list(t.type.shape)}" for t in inputs)),
        "dims": ", ".join(str(d) for t in inputs for d in t.type.shape),
        "arena": max(program.arena for program in programs),
        "sides": _sides(programs[0]),
    }
