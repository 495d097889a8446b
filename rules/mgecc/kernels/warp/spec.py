"""Which warps are served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, serves
from mgecc.kernels.numbers import NUMBERS
from mgecc.ops.layout import plain_shape
from mgecc.ops.sampling import Layout, Sampler
from mgecc.ops.warp import WarpAttrs, in_fixed_point, tap_weights
from mgecc.targets import Target

# Operator -> where coordinates come from.
_SOURCES = {"WarpPerspective": "perspective", "WarpAffine": "affine", "Remap": "map"}


@dataclass(frozen=True)
class _Warp:
    """A node's structure: where coordinates come from and how pixels are read."""

    source: str
    sampler: Sampler
    fixed: bool
    picks: bool
    type_name: str

    @property
    def nearest(self) -> bool:
        return self.sampler.mode == "nearest"

    @property
    def taps(self) -> int:
        """Pixels along an axis that are weighted by a table; 0 where none is needed."""
        return {"cubic": 4, "lanczos4": 8}.get(self.sampler.mode, 0)

    @property
    def symbol(self) -> str:
        parts = (
            ["warp", NUMBERS[self.type_name].letters, self.source]
            + ["fixed"] * self.fixed
            + ["pick"] * self.picks
        )
        return "_".join((*parts, self.sampler.mode, self.sampler.border.replace("_", "")))


def _warp(node: Node) -> _Warp:
    source = _SOURCES[node.op]
    kind = node.inputs[0].type.dtype
    if kind.name not in NUMBERS or node.inputs[1].type.dtype.name != "float32":
        raise Unsupported(
            f"warps of {kind} images by {node.inputs[1].type.dtype} coordinates have no kernel",
            "cast them to float32",
        )
    fixed = source != "map" and in_fixed_point(node)
    picks = len(node.inputs) == 4
    if picks and node.inputs[2].type.dtype.name != "int32":
        raise Unsupported("image numbers of a warp must be int32")
    return _Warp(source, node.attributes(WarpAttrs).sampler, fixed, picks, kind.name)


def _strides(kind: TensorType, stored: Layout) -> tuple[tuple[int, ...], int, int]:
    """Plain shape (n, c, h, w), elements from pixel to pixel and from channel to channel."""
    shape = plain_shape(kind.shape, stored)
    if stored == "nhwc":
        return shape, shape[1], 1
    return shape, 1, shape[2] * shape[3]


def _kernel(warp: _Warp) -> Kernel:
    ctype = NUMBERS[warp.type_name].ctype
    params: dict[str, Param] = {
        "border": warp.sampler.border, "ctype": ctype, "picks": warp.picks, "source": warp.source,
    }  # fmt: skip
    params |= {"taps": warp.taps} if warp.taps else {"fixed": warp.fixed, "nearest": warp.nearest}
    operands = [("x", f"const {ctype} *"), ("m", "const float *")] + [
        ("pick", "const int32_t *")
    ] * warp.picks
    operands += [("table", "const float *")] * (warp.taps > 0)
    names = ["n", "channels", "h", "w", "oh", "ow"] + ["ps", "cs", "yps", "ycs"] * (not warp.taps)
    names += ["images"] * warp.picks
    fields = [(name, "int32_t") for name in names]
    fields += [("outside", "float")] * (warp.sampler.border == "constant")
    return Kernel(
        warp.symbol,
        "warp/taps.c.j2" if warp.taps else "warp/warp.c.j2",
        (*operands, ("y", f"{ctype} *")),
        tuple(fields),
        tuple(sorted(params.items())),
    )


def _build(warp: _Warp, node: Node) -> list[Call]:
    stored = node.attributes(WarpAttrs).layout
    (x, ps, cs), (y, yps, ycs) = (_strides(v.type, stored) for v in (node.inputs[0], node.output))
    numbers: list[int | float] = [y[0], x[1], *x[2:], *y[2:], *((ps, cs, yps, ycs) if not warp.taps else ())]
    if warp.picks:
        numbers.append(x[0])
    if warp.sampler.border == "constant":
        low, high = NUMBERS[warp.type_name].bounds
        outside = warp.sampler.outside
        numbers.append(outside if warp.sampler.mode == "linear" else min(max(outside, low), high))
    table: list[Operand] = [Const(partial(tap_weights, warp.sampler.mode))] * (warp.taps > 0)
    operands = (*node.inputs[: 3 if warp.picks else 2], *table, node.output)
    return [Call(_kernel(warp), operands, tuple(numbers))]


@serves(*sorted(_SOURCES))
def warps(node: Node, target: Target) -> Iterator[Candidate]:
    """float32 and byte images, planar or interleaved; matrices, maps and image numbers may be computed."""
    warp = _warp(node)
    channels = plain_shape(node.inputs[0].shape, node.attributes(WarpAttrs).layout)[1]
    pixels = node.output.type.elements / max(channels, 1)
    squares = warp.taps * warp.taps
    steps = pixels * (40 + 20 * squares + (4 if warp.nearest else 18 + 4 * squares) * channels)
    blocks = (1,) * len(node.inputs)
    yield Candidate(partial(_build, warp), 50 + steps, blocks, (1,), 1200, why="pixel by pixel")
