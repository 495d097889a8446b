"""Quantised depthwise convolution by dot products along rows (dw_dot.c.j2), on Arm with SDOT (FEAT_DotProd).

A window is four neighbouring pixels of four channels, channel by channel, and starts at every other pixel of a padded
row. A dot product of a window with four taps of each channel serves the pixel the window starts at, with the taps moved
by one its neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, Workspace
from mgecc.kernels.qconv.geometry import QConv, bias_of, flip_of, partition_of, signed_zero, weights_of
from mgecc.kernels.requant import epilogue_params, epilogue_suffix, numbers, rescale_operand
from mgecc.kernels.rescale import factor_constants
from mgecc.targets import Target

_FIELDS = ("planes", "blocks", "h", "w", "oh", "ow", "pt", "pl", "windows")
_WIDEST, _HIGHEST, _MOST_PAD = 9, 7, 8


@dataclass(frozen=True)
class Rows:
    """Output rows of ``ow`` pixels in tiles of ``p``, from windows of ``kw`` taps at every ``sw``-th pixel.

    ``is_narrow``: a tile is a whole row, and rows are written out for the width of the image.
    """

    ow: int
    p: int
    kw: int
    sw: int
    is_narrow: bool = False

    @property
    def offsets(self) -> int:
        """Pixels that one window serves."""
        return 2 if self.sw == 1 else 1

    def chunks(self, offset: int) -> int:
        """Windows, two apart, that hold all taps of the pixel at this offset of the first."""
        return -(-(self.kw + offset) // 4)

    @property
    def most_chunks(self) -> int:
        return self.chunks(self.offsets - 1)

    @property
    def is_odd(self) -> bool:
        """Whether the last tile, which starts at an even pixel, ends one pixel behind the row."""
        return self.sw == 1 and self.ow > self.p and (self.ow - self.p) % 2 == 1

    @property
    def windows(self) -> int:
        last = self.ow + self.is_odd
        return -(-last // self.offsets) + 2 * (self.most_chunks - 1)


def rows_of(conv: QConv, target: Target) -> Rows:
    """The tile that wastes least at the end of the row."""
    ow, most = conv.geo.output[3], target.facts.int8.dw_dot_tile
    window = conv.geo.window
    widths = [ow] if ow <= most else range(most - most % 2, 3, -2)
    p = min(widths, key=lambda w: -(-ow // w) * (w + 2))
    return Rows(ow, p, window.kernel[1], window.stride[1])


def kernel(node: Node, conv: QConv, target: Target, rows: Rows) -> Kernel:
    window = conv.geo.window
    epilogue, flip = epilogue_params(node, target, conv.z), flip_of(node.inputs[0])
    (kh, kw), (sh, sw) = window.kernel, window.stride
    narrow = (conv.geo.x[3], window.pad[1][0], rows.windows) if rows.is_narrow else (0, 0, 0)
    params: dict[str, Param] = {
        "chunks": tuple(rows.chunks(o) for o in range(rows.offsets)), "flip": flip,
        "kh": kh, "odd": rows.is_odd, "p": rows.p, "sh": sh, "sw": sw, "wide_x": narrow[0], "pl": narrow[1],
        "windows": narrow[2], **epilogue,
    }  # fmt: skip
    operands = [
        *(("x", "const int8_t *"), ("w", "const int8_t *"), ("b", "const int32_t *"), ("q", "const float *")),
        *rescale_operand(epilogue),
        *[("z", "const int8_t *")] * (conv.z is not None),
        *(("y", "int8_t *"), ("ring", "int8_t *")),
    ]
    stride = f"s{sw}" if sh == sw else f"s{sh}x{sw}"
    kind = "u8" if flip else "s8"
    tile = (
        f"p{rows.p}"
        + ("odd" if rows.is_odd else "")
        + (f"w{narrow[0]}l{narrow[1]}" if rows.is_narrow else "")
    )
    return Kernel(
        f"qconv_{kind}dot_depthwise_k{kh}x{kw}{stride}_c4_{tile}{epilogue_suffix(epilogue)}",
        "qconv/depthwise/dw_dot.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in _FIELDS),
        tuple(sorted(params.items())),
        ("int8_dot", "rescale" if epilogue["rescale"] else "requant"),
    )


def pack(node: Node, conv: QConv, rows: Rows) -> np.ndarray:
    """Weights [block][row][offset][chunk][channel][four taps]."""
    kh, kw = conv.geo.window.kernel
    blocks = -(-conv.groups // 4)
    taps = np.zeros((blocks * 4, kh, kw), np.int8)
    taps[: conv.groups] = weights_of(node).reshape(conv.groups, kh, kw)
    parts = []
    for offset in range(rows.offsets):
        wide = np.zeros((blocks * 4, kh, 4 * rows.chunks(offset)), np.int8)
        wide[..., offset : offset + kw] = taps
        parts.append(wide.reshape(blocks, 4, kh, -1, 4).transpose(0, 2, 3, 1, 4))
    return np.ascontiguousarray(np.concatenate(parts, axis=2))


def _build(conv: QConv, target: Target, rows: Rows, node: Node) -> list[Call]:
    x = node.inputs[0]
    n, ic, h, w = conv.geo.x
    blocks, ((pt, _), (pl, _)) = -(-ic // 4), conv.geo.window.pad
    operands: list[Operand] = [
        x,
        Const(partial(pack, node, conv, rows)),
        Const(partial(bias_of, node, 0, blocks * 4)),
        Const(partial(numbers, node, conv.z, signed_zero(x))),
        *factor_constants(node, conv.groups, blocks * 4, 4),
        *([node.inputs[3]] if conv.z is not None else []),
        node.output,
        Workspace(16 * rows.windows * conv.geo.window.kernel[0] + 4 * rows.p),
    ]
    sizes = (n * blocks, blocks, h, w, *conv.geo.output[2:], pt, pl, rows.windows)
    weights = 16 * conv.geo.window.kernel[0] * sum(rows.chunks(offset) for offset in range(rows.offsets))
    partition = partition_of(conv, "planes", 4, {"x": h * w * 4, "w": weights})
    return [Call(kernel(node, conv, target, rows), tuple(operands), sizes, partition=partition)]


def is_served(conv: QConv, target: Target) -> bool:
    window = conv.geo.window
    (kh, kw), wide = window.kernel, conv.geo.x[3]
    return (
        target.facts.int8.dw_dot_tile > 0
        and window.dilate == (1, 1)
        and window.stride[1] <= 2
        and kh <= _HIGHEST
        and kw <= _WIDEST
        and wide >= 4
        and max(map(max, window.pad)) <= _MOST_PAD
    )


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """Windows without gaps, rows of at least four pixels, one channel multiplier."""
    if not is_served(conv, target):
        return
    general, kh = rows_of(conv, target), conv.geo.window.kernel[0]
    n, ic, h, _ = conv.geo.x
    oh, ow = conv.geo.output[2:]
    for rows in (replace(general, is_narrow=True), general) if ow == general.p else (general,):
        tile = rows.p * (kh * rows.most_chunks + 4.5) + kh * (rows.p / rows.offsets / 2 + 2) + 12
        row = 3.2 * rows.windows + 10 if rows.is_narrow else 2.5 * rows.windows + 60
        yield Candidate(
            partial(_build, conv, target, rows),
            n * -(-ic // 4) * (oh * -(-ow // rows.p) * tile + h * row),
            tuple(1 if v.is_const else 4 for v in node.inputs),
            (4,),
            int(500 + 4 * rows.p * (kh * (rows.most_chunks + 0.25) + 4)),
            why=f"depthwise rows by dot products, {rows.p} pixels x 4 channels",
        )
