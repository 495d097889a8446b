"""Transposed, 3-D, region restricted and local convolutions on plain tensors (tile.c.j2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np

from mgecc.graph import Node, Unsupported
from mgecc.graph.symbolic import at_max_sizes, lower_bound
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, serves
from mgecc.kernels.fused import Activation, activation_of
from mgecc.kernels.plain import padded, plain_candidate
from mgecc.kernels.weights import WeightType
from mgecc.kernels.window.geometry import SERVED, Windowed, weights_of, windowed
from mgecc.targets import Target

_FIELDS = (
    "n", "groups", "ic", "oc", "d", "h", "w", "od", "oh", "ow", "kd", "kh", "kw", "sd", "sh", "sw",
    "pd", "ph", "pw", "dd", "dh", "dw",
)  # fmt: skip
_REGIONS = {"int32": "int32_t", "uint8": "uint8_t", "int8": "int8_t"}


@dataclass(frozen=True)
class Tile:
    """Structure of a kernel: ``p`` result pixels times ``j`` vectors of ``lanes`` channels in registers.

    ``p`` = 0: one vector of ``lanes`` pixels times ``j`` channels, for few channels.
    """

    p: int
    j: int
    lanes: int
    region: str
    activation: Activation

    @property
    def width(self) -> int:
        """Channels of one tile."""
        return self.j * (self.lanes if self.p else 1)


def _tile(node: Node, product: Windowed, target: Target) -> Tile:
    vectors = -(-product.oc // target.lanes)
    phases = product.stride[2] if product.form == "deconv" else 1
    pixels = 1 if product.form == "local" else min(4, -(-lower_bound(product.out[2]) // phases))
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
    operands = [("x", "const float *"), ("w", product.stored.ctype)]
    if form == "region":
        operands += [("rin", f"const {tile.region} *"), ("rout", f"const {tile.region} *")]
    if form == "local":
        names += ("ah", "aw", "areas")
    params: dict[str, Param] = {
        "activation": act.kind,
        "form": form,
        "j": tile.j,
        "wtype": product.stored.name,
    }
    params |= {"p": tile.p} if tile.p else {}
    part = f"_{tile.region.removesuffix('_t')}" if tile.region else ""
    shape = f"p{tile.p}x{tile.j}" if tile.p else f"lanes_o{tile.j}"
    return Kernel(
        f"window_f32_{form}{part}_{shape}{product.stored.suffix}{act.suffix}",
        f"window/{'tile' if tile.p else 'lanes'}.c.j2",
        (*operands, ("y", "float *")),
        (*((name, "int32_t") for name in names), *act.fields),
        tuple(sorted(params.items())),
        act.needs + product.stored.needs,
    )


def pack(node: Node, stored: WeightType, width: int) -> np.ndarray:
    """[group][tile of ``width`` channels][area][tap][ic][width], zeros past the last channel."""
    w = padded(weights_of(node).astype(np.float32), width)
    groups, areas, taps, ic, _ = w.shape
    tiles = w.reshape(groups, areas, taps, ic, -1, width).transpose(0, 4, 1, 2, 3, 5)
    return stored.stored(np.ascontiguousarray(tiles))


def _build(tile: Tile, node: Node) -> list[Call]:
    product = windowed(node)
    sizes = (*product.size, *product.out, *product.kernel, *product.stride, *product.pad, *product.dilate)
    numbers: tuple[int | float, ...] = (product.n, product.groups, product.ic, product.oc, *sizes)
    if product.form == "local":
        numbers += (*product.area, product.areas[1])
    weights = Const(partial(pack, node, product.stored, tile.width), 64)
    operands: tuple[Operand, ...] = (product.x, weights, *product.regions, node.output)
    return [Call(kernel(product, tile), operands, (*numbers, *tile.activation.numbers))]


def _steps(product: Windowed) -> float:
    """Taps times channels that meet a result pixel, without those of other phases."""
    steps = product.taps * product.ic
    return steps / min(prod(product.stride), steps) if product.form == "deconv" else steps


def _tile_cost(product: Windowed, tile: Tile) -> float:
    step = tile.p * tile.j + 2 * tile.p + tile.j + 2
    tiles = product.n * product.groups * -(-product.oc // tile.width) * -(-prod(product.out) // tile.p)
    return tiles * (_steps(product) * step + product.taps * 12 + tile.p * tile.width * 3)


def _lanes_cost(product: Windowed, tile: Tile) -> float:
    """Border taps are gathered pixel by pixel: about half of those of the first and last vector of a row."""
    phases = product.stride[2] if product.form == "deconv" else 1
    rows = product.n * product.groups * -(-product.oc // tile.j) * prod(product.out[:2]) * phases
    vectors = -(-at_max_sizes(product.out[2]) // (phases * tile.lanes))
    border = 0.5 * min(vectors, 2) * 4 * tile.lanes if product.kernel[2] > 1 else 0.0
    return rows * (_steps(product) * (vectors * (2 + 2 * tile.j) + border) + vectors * product.taps * 12)


def _runs_along_rows(product: Windowed, target: Target) -> bool:
    """Neighbouring lanes read neighbouring inputs, and channels do not fill a vector."""
    neighbours = product.form == "deconv" or (product.form == "conv" and product.stride[2] == 1)
    return neighbours and product.oc < target.lanes


@serves(*SERVED)
def windows(node: Node, target: Target) -> Iterator[Candidate]:
    """Register tiles of pixels times channels, straight from the tensor."""
    if any(value.type.dtype.is_quantized for value in node.inputs[:2]):
        return  # integer families serve these
    product = windowed(node)
    tile = _tile(node, product, target)
    why = f"gathers {tile.p} pixels x {tile.width} channels"
    yield plain_candidate(node, partial(_build, tile), _tile_cost(product, tile), why)
    if _runs_along_rows(product, target):
        along = Tile(0, min(4, product.oc), target.lanes, "", tile.activation)
        why = f"vectors of pixels x {along.j} channels"
        yield plain_candidate(node, partial(_build, along), _lanes_cost(product, along), why)
