"""Which operators with results of data-dependent size are served."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mgecc.graph import Node, Unsupported
from mgecc.graph.symbolic import at_max_sizes
from mgecc.kernels.base import Call, Candidate, Kernel, Workspace, serves
from mgecc.kernels.numbers import WORDS, ctype_of
from mgecc.kernels.plain import around, plain_candidate, require_float32
from mgecc.ops.concat_split import ConcatCountedAttrs
from mgecc.ops.selection import CondTakeAttrs, FillBehindAttrs, NMSKeepAttrs
from mgecc.ops.unique import UniqueAttrs
from mgecc.targets import Target


def _counted(node: Node, results: int) -> str:
    """Whether the number chosen is a result too, as a part of the kernel's name."""
    return "_counted" if len(node.outputs) > results else ""


def _size_operand(node: Node, results: int) -> list[tuple[str, str]]:
    return [("size", "int32_t *")] if _counted(node, results) else []


def _cond_take(node: Node) -> list[Call]:
    (x, mask), attrs = node.inputs, node.attributes(CondTakeAttrs)
    word, size = WORDS[x.type.dtype.size], x.type.dtype.size
    ctype, letters = ctype_of(mask.type.dtype)
    kernel = Kernel(
        f"cond_take_e{size}_{letters}_{attrs.condition}{_counted(node, 2)}",
        "choose/cond_take.c.j2",
        (
            *(
                ("x", f"const {word} *"),
                ("mask", f"const {ctype} *"),
                ("y", f"{word} *"),
                ("index", "int32_t *"),
            ),
            *_size_operand(node, 2),
        ),
        (("n", "int32_t"), ("val", "float"), ("eps", "float")),
        (("counted", bool(_counted(node, 2))), ("condition", attrs.condition)),
    )
    numbers = (x.type.elements, float(attrs.value), float(attrs.tolerance))
    return [Call(kernel, (x, mask, *node.outputs), numbers)]


@serves("CondTake")
def cond_takes(node: Node, target: Target) -> Iterator[Candidate]:
    """Elements of any type by masks of float32 or plain integers."""
    kind = node.inputs[1].type.dtype
    ctype_of(kind)
    if kind.is_quantized:
        raise Unsupported(f"masks of type {kind} have no kernel", "cast the mask to float32")
    yield plain_candidate(node, _cond_take, 40 + 8 * node.inputs[0].type.elements, "one pass")


def _non_zero(node: Node) -> list[Call]:
    x = node.inputs[0]
    ctype, letters = ctype_of(x.type.dtype)
    kernel = Kernel(
        f"non_zero_{letters}_r{x.type.rank}{_counted(node, 1)}",
        "choose/non_zero.c.j2",
        (("x", f"const {ctype} *"), ("y", "int32_t *"), *_size_operand(node, 1)),
        tuple((f"d{j}", "int32_t") for j in range(x.type.rank)),
        (("counted", bool(_counted(node, 1))), ("rank", x.type.rank)),
    )
    return [Call(kernel, (x, *node.outputs), x.shape)]


@serves("NonZero")
def non_zeros(node: Node, target: Target) -> Iterator[Candidate]:
    """Coordinates of elements of float32 or integers."""
    ctype_of(node.inputs[0].type.dtype)
    yield plain_candidate(node, _non_zero, 40 + 5 * node.inputs[0].type.elements, "one pass")


def _unique(node: Node) -> list[Call]:
    x, ordered = node.inputs[0], node.attributes(UniqueAttrs).ordered
    ctype, letters = ctype_of(x.type.dtype)
    names = ("order", "place", "first", "which", "times")
    kernel = Kernel(
        f"unique_{letters}{'' if ordered else '_unordered'}{_counted(node, 3)}",
        "choose/unique.c.j2",
        (("x", f"const {ctype} *"), *((name, "int32_t *") for name in names), *_size_operand(node, 3)),
        (("rows", "int32_t"), ("n", "int32_t")),
        (
            ("counted", bool(_counted(node, 3))),
            ("ctype", ctype),
            ("ordered", ordered),
            ("real", x.type.dtype.is_float),
        ),
    )
    order, place = (Workspace(4 * x.shape[0]) for _ in range(2))
    return [Call(kernel, (x, order, place, *node.outputs), x.shape)]


@serves("Unique")
def different_rows(node: Node, target: Target) -> Iterator[Candidate]:
    """Rows of float32 or integers."""
    x = node.inputs[0]
    ctype_of(x.type.dtype)
    rows, n = map(at_max_sizes, x.shape)
    yield plain_candidate(node, _unique, 40.0 + rows * (rows + 20.0 * n), "binary insertion sort")


def _nms(node: Node) -> list[Call]:
    (boxes, *valid), (index, size) = node.inputs, node.outputs
    counted = [("valid", "const int32_t *")] if valid else []
    kernel = Kernel(
        f"nms_f32{'_counted' * len(valid)}",
        "choose/nms.c.j2",
        (("boxes", "const float *"), *counted, ("index", "int32_t *"), ("size", "int32_t *")),
        (("batch", "int32_t"), ("n", "int32_t"), ("most", "int32_t"), ("threshold", "float")),
        (("counted", bool(valid)),),
    )
    numbers = (*boxes.shape[:2], index.shape[1], float(node.attributes(NMSKeepAttrs).iou_threshold))
    return [Call(kernel, (boxes, *valid, index, size), numbers)]


@serves("NMSKeep")
def suppressions(node: Node, target: Target) -> Iterator[Candidate]:
    """float32 boxes."""
    require_float32(node.inputs[:1])
    batch, n, _ = node.inputs[0].shape
    kept = min(node.output.shape[1], n)
    yield plain_candidate(node, _nms, 40 + 20.0 * batch * n * kept, "greedy")


def _join(node: Node) -> list[Call]:
    counted, (y, size) = node.attributes(ConcatCountedAttrs).counted, node.outputs
    parts = node.inputs[: len(counted)]
    rows, _, inner = around(y.shape, axis := node.attributes(ConcatCountedAttrs).axis % y.type.rank, axis + 1)
    step = inner * y.type.dtype.size
    counts = [(f"c{k}", "const int32_t *") for k, varies in enumerate(counted) if varies]
    kernel = Kernel(
        f"join_{''.join('c' if varies else 'f' for varies in counted)}",
        "choose/join.c.j2",
        (
            *((f"x{k}", "const unsigned char *") for k in range(len(parts))),
            *counts,
            *(("y", "unsigned char *"), ("size", "int32_t *")),
        ),
        tuple(
            (name, "int32_t")
            for name in ("rows", "step", "pitch", *(f"{n}{k}" for k in range(len(parts)) for n in "mb"))
        ),
        (("parts", tuple(counted)),),
    )
    lengths = [x.shape[axis] for x in parts]
    numbers = (rows, step, y.shape[axis] * step, *(n for m in lengths for n in (m, m * step)))
    return [Call(kernel, (*node.inputs, y, size), numbers)]


@serves("ConcatCounted")
def joins(node: Node, target: Target) -> Iterator[Candidate]:
    """Values of any type, row by row."""
    yield plain_candidate(node, _join, 60 + node.output.type.elements, "what is valid, copied")


def _fill(node: Node) -> list[Call]:
    x, count, y = *node.inputs, node.output
    attrs, size = node.attributes(FillBehindAttrs), x.type.dtype.size
    word = WORDS[size]
    stored = np.array([attrs.number]).astype(x.type.dtype.numpy).tobytes()
    kernel = Kernel(
        f"fill_behind_e{size}",
        "choose/fill.c.j2",
        (("x", f"const {word} *"), ("count", "const int32_t *"), ("y", f"{word} *")),
        tuple((name, "int32_t") for name in ("outer", "n", "inner", "bits")),
        (("word", word),),
    )
    numbers = (
        *around(x.shape, attrs.axis, attrs.axis + 1),
        int.from_bytes(stored.ljust(4, b"\0"), "little", signed=True),
    )
    return [Call(kernel, (x, count, y), numbers)]


@serves("FillBehind")
def fills(node: Node, target: Target) -> Iterator[Candidate]:
    """Values of any type; may be written over the input."""
    yield plain_candidate(node, _fill, 40 + node.output.type.elements, "what is behind the count", (0,))
