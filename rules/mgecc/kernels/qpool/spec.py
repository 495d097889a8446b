"""Which quantised poolings are served."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mgecc.graph import Node, Unsupported
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.ops.pooling import PoolingAttrs, pooling_of
from mgecc.ops.window import Window
from mgecc.targets import Target

# Numbers of four bits lie in bytes, too; neither the largest nor a mean of some leaves their range.
_KINDS = {"qint8": "s8", "quint8": "u8", "qint4": "s8", "quint4": "u8", "qint16": "s16"}
_FIELDS = ("planes", "h", "w", "oh", "ow", "kh", "kw", "sh", "sw", "pt", "pl", "zero")
_LARGEST_WINDOW = 65535  # sums of larger ones are not exact in float32, or have no place in 32 bits


def _mode(attrs: PoolingAttrs) -> str:
    """What the template calls it: ``inner`` means are of the cells inside alone."""
    return "max" if attrs.mode == "max" else "mean" if attrs.count_padding else "inner"


def _kernel(node: Node, c: int, lanes: int) -> Kernel:
    kind, mode = _KINDS[node.inputs[0].type.dtype.name], _mode(pooling_of(node))
    stored = "int16_t" if kind == "s16" else "int8_t"
    return Kernel(
        f"qpool_{kind}_{mode}_c{c}",
        "qpool/pool.c.j2",
        (("x", f"const {stored} *"), ("y", f"{stored} *")),
        tuple((name, "int32_t") for name in _FIELDS),
        (("c", c), ("kind", kind), ("lanes", lanes), ("mode", mode)),
        ("int8_lanes",),
    )


def _build(window: Window, c: int, lanes: int, node: Node) -> list[Call]:
    x, y = node.inputs[0], node.output
    n, channels, h, w = x.shape
    (sh, sw), ((pt, _), (pl, _)) = window.stride, window.pad
    sizes = (
        n * -(-channels // c),
        h,
        w,
        *y.shape[2:],
        *window.kernel,
        sh,
        sw,
        pt,
        pl,
        x.type.dtype.zero_point,
    )
    return [Call(_kernel(node, c, lanes), (x, y), sizes)]


@serves("Pooling", "AdaptivePooling")
def poolings(node: Node, target: Target) -> Iterator[Candidate]:
    """Channel blocks by vectors, plain layout number by number."""
    dtype = node.inputs[0].type.dtype
    if dtype.name not in _KINDS:
        return
    window = pooling_of(node).geometry
    area = window.kernel[0] * window.kernel[1]
    if area > _LARGEST_WINDOW:
        raise Unsupported(f"a window of {area} cells is too large for quantised means")
    wide = target.block_of(dtype.name)
    for c in sorted({1, wide}, reverse=True):
        lanes = target.lanes if c % target.lanes == 0 and c > 1 else 1
        steps = node.output.type.elements * (3.0 * area + 20) / lanes
        blocks = tuple(1 if v.is_const else c for v in node.inputs)
        yield Candidate(
            partial(_build, window, c, lanes), steps, blocks, (c,), 500, why=f"{lanes} channels at a time"
        )
