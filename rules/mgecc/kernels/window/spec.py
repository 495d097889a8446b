"""Transposed, 3-D, region restricted and local convolutions on plain tensors (tile.c.j2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np

from mgecc.graph import Node, Unsupported
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, serves
from mgecc.kernels.fused import Activation, activation_of
from mgecc.kernels.plain import padded, plain_candidate
from mgecc.kernels.window.geometry import SERVED, Windowed, weights_of, windowed
from mgecc.targets import Target

_FIELDS = (
    "n", "groups", "ic", "oc", "d", "h", "w", "od", "oh", "ow", "kd", "kh", "kw", "sd", "sh", "sw",
    "pd", "ph", "pw", "dd", "dh", "dw",
)  # fmt: skip
_REGIONS = {"int32": "int32_t", "uint8": "uint8_t", "int8": "int8_t"}


@dataclass(frozen=True)
class Tile:
    """Structure of a kernel: ``p`` result pixels times ``j`` vectors of ``lanes`` channels in registers."""

    p: int
    j: int
    lanes: int
    region: str
    activation: Activation

    @property
    def width(self) -> int:
        return self.j * self.lanes


def _tile(node: Node, product: Windowed, target: Target) -> Tile:
    vectors = -(-product.oc // target.lanes)
    phases = product.stride[2] if product.form == "deconv" else 1
    pixels = 1 if product.form == "local" else min(4, -(-product.out[2] // phases))
    most = 4 if target.lanes <= 4 and (pixels == 1 or target.registers >= 32) else 2
    return Tile(pixels, min(most, vectors), target.lanes, _region(product), activation_of(node))


def _region(product: Windowed) -> str:
    """C type of the region maps, empty if there are none."""
    names = {value.type.dtype.name for value in product.regions}
    if not names:
        return ""
    if len(names) > 1 or not names <= _REGIONS.keys():
        raise Unsupported(
            f"region maps of {', '.join(sorted(names))} have no kernel", "make both of them int32"
        )
    return _REGIONS[names.pop()]


def kernel(product: Windowed, tile: Tile) -> Kernel:
    form, act = product.form, tile.activation
    names: tuple[str, ...] = _FIELDS
    operands = [("x", "const float *"), ("w", "const float *")]
    if form == "region":
        operands += [("rin", f"const {tile.region} *"), ("rout", f"const {tile.region} *")]
    if form == "local":
        names += ("ah", "aw", "areas")
    params: dict[str, Param] = {"activation": act.kind, "form": form, "j": tile.j, "p": tile.p}
    part = f"_{tile.region.removesuffix('_t')}" if tile.region else ""
    return Kernel(
        f"window_f32_{form}{part}_p{tile.p}x{tile.j}{act.suffix}",
        "window/tile.c.j2",
        (*operands, ("y", "float *")),
        (*((name, "int32_t") for name in names), *act.fields),
        tuple(sorted(params.items())),
        act.needs,
    )


def pack(node: Node, width: int) -> np.ndarray:
    """[group][tile of ``width`` channels][area][tap][ic][width], zeros past the last channel."""
    w = padded(weights_of(node).astype(np.float32), width)
    groups, areas, taps, ic, _ = w.shape
    return np.ascontiguousarray(w.reshape(groups, areas, taps, ic, -1, width).transpose(0, 4, 1, 2, 3, 5))


def _build(tile: Tile, node: Node) -> list[Call]:
    product = windowed(node)
    sizes = (*product.size, *product.out, *product.kernel, *product.stride, *product.pad, *product.dilate)
    numbers: tuple[int | float, ...] = (product.n, product.groups, product.ic, product.oc, *sizes)
    if product.form == "local":
        numbers += (*product.area, product.areas[1])
    weights = Const(partial(pack, node, tile.width), 64)
    operands: tuple[Operand, ...] = (product.x, weights, *product.regions, node.output)
    return [Call(kernel(product, tile), operands, (*numbers, *tile.activation.numbers))]


@serves(*SERVED)
def windows(node: Node, target: Target) -> Iterator[Candidate]:
    """Register tiles of pixels times channels, straight from the tensor."""
    if any(value.type.dtype.is_quantized for value in node.inputs[:2]):
        return  # integer families serve these
    product = windowed(node)
    tile = _tile(node, product, target)
    step = tile.p * tile.j + 2 * tile.p + tile.j + 2
    tiles = product.n * product.groups * -(-product.oc // tile.width) * -(-prod(product.out) // tile.p)
    steps = product.taps * product.ic
    if product.form == "deconv":
        steps = -(-steps // prod(product.stride))
    cost = tiles * (steps * step + product.taps * 12 + tile.p * tile.width * 3)
    yield plain_candidate(
        node, partial(_build, tile), cost, f"gathers {tile.p} pixels x {tile.width} channels"
    )
