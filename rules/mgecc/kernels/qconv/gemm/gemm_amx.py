"""Quantised GEMM convolution by tiles of Intel AMX (TDPBSSD; Intel SDM, Advanced Matrix Extensions), dense ones.

1x1: gemm_amx_pointwise.c.j2. Others: rows of padded pixels, gemm_amx_rows.c.j2. A few planes: im2col of every pixel's
taps, gemm_amx_first_layer.c.j2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, Workspace
from mgecc.kernels.qconv.geometry import QConv, bias_of, flip_of, signed_zero, weights_of
from mgecc.kernels.qconv.row_ring import ROW_FIELDS, rows_of
from mgecc.kernels.requant import epilogue_params, epilogue_suffix, numbers
from mgecc.targets import Target

_BLOCK, _STEP = 16, 64
_MOST_TILES, _PIXELS = 4, range(4, 17)
_HIGHEST = 8  # rows of results at a time
# Cycles as measured on Sapphire Rapids: of a step with weights that come from the second cache, and of one whose
# weights were there just before; of a pixel in a step; of a pixel and of a round's tiles in the end.
_FETCHED, _KEPT, _PIXEL, _ENDED, _ROUND, _CALL = 70, 45, 0.4, 3.1, 45, 600
_CYCLE = 3.5  # instructions of other kernels in a cycle
_FLAT_FIELDS = ("n", "pixels", "xb", "yb", "rows")
_ROW_FIELDS = ("n", "h", "w", "oh", "ow", "xb", "yb", "rows", "per", "high", *ROW_FIELDS)


@dataclass(frozen=True)
class AmxTiling:
    """``tiles`` of ``pixels`` of one row, in ``rounds`` over an image or over ``high`` rows of results at a time.

    ``planes``: how many input channels come in plain layout, with all their taps; none if they are blocked.
    """

    conv: QConv
    tiles: int
    pixels: int
    high: int = 1
    planes: int = 0

    @property
    def is_flat(self) -> bool:
        return self.conv.is_pointwise and not self.planes

    @property
    def per(self) -> int:
        """Tiles of a row of results."""
        return -(-self.conv.geo.output[3] // self.pixels)

    @property
    def row(self) -> int:
        """Bytes of the taps of a row of planes."""
        return next(n for n in (16, 32, _STEP) if self.conv.geo.window.kernel[1] * 4 <= n)

    @property
    def steps(self) -> int:
        """Steps of one tap, or of all of planes."""
        if self.planes:
            return -(-self.conv.geo.window.kernel[0] * self.row // _STEP)
        return -(-self.conv.channels[0] // _STEP)

    @property
    def products(self) -> int:
        """Steps of all taps."""
        return self.steps * (1 if self.planes else self.conv.taps)

    @property
    def vectors(self) -> int:
        return -(-self.conv.channels[1] // _BLOCK)

    @property
    def groups(self) -> int:
        """Rounds one after the other that take the same weights."""
        is_one = self.is_flat or self.planes
        return 1 if is_one else -(-self.per * self.high // self.tiles)

    @property
    def rounds(self) -> int:
        if self.is_flat:
            return -(-self.conv.pixels // (self.tiles * self.pixels))
        if self.planes:
            return self.conv.geo.output[2] * -(-self.conv.geo.output[3] // (self.tiles * self.pixels))
        return -(-self.conv.geo.output[2] // self.high) * self.groups

    @property
    def fits(self) -> bool:
        _, _, oh, ow = self.conv.geo.output
        if self.is_flat:
            return self.conv.pixels >= self.tiles * self.pixels and self.high == 1
        if self.planes:
            return ow >= self.tiles * self.pixels and self.high == 1
        return self.pixels <= ow and self.high <= oh and self.tiles <= self.per * self.high

    @property
    def cost(self) -> float:
        pixels = self.tiles * self.pixels
        n, ic, h, w = self.conv.geo.x
        if self.planes:
            copies = n * (h * w / 5 + self.rounds * pixels * self.conv.geo.window.kernel[0] * 1.6)
        else:
            copies = n * -(-ic // _BLOCK) * h * w * 0.6
        steps = self.products * (_KEPT + (_FETCHED - _KEPT) / self.groups + _PIXEL * pixels)
        work = n * self.rounds * self.vectors * (steps + _ENDED * pixels + _ROUND)
        return (work + copies + _CALL) * _CYCLE


def _best(conv: QConv, planes: int) -> AmxTiling | None:
    heights = range(1, _HIGHEST + 1)
    forms = product(range(1, _MOST_TILES + 1), _PIXELS, heights)
    alternatives = [AmxTiling(conv, tiles, pixels, high, planes) for tiles, pixels, high in forms]
    return min(
        (alternative for alternative in alternatives if alternative.fits),
        key=lambda alternative: alternative.cost,
        default=None,
    )


def kernel(node: Node, target: Target, tiling: AmxTiling) -> Kernel:
    conv, epilogue, flip = tiling.conv, epilogue_params(node, target, tiling.conv.z), flip_of(node.inputs[0])
    params: dict[str, Param] = {"flip": flip, "t": tiling.tiles, **epilogue}
    params |= {"planes": tiling.planes, "row": tiling.row} if tiling.planes else {}
    operands = [
        *(("x", "const int8_t *"), ("w", "const int8_t *"), ("b", "const int32_t *"), ("q", "const float *")),
        *[("z", "const int8_t *")] * (conv.z is not None),
        ("y", "int8_t *"),
        *[("ring", "int8_t *")] * (not tiling.is_flat),
        *[("panel", "int8_t *")] * (tiling.is_flat or tiling.planes > 0),
    ]
    form = (
        f"first{tiling.planes}_x{tiling.row}" if tiling.planes else "tile_k1s1" if tiling.is_flat else "tile"
    )
    template = "first_layer" if tiling.planes else "pointwise" if tiling.is_flat else "rows"
    return Kernel(
        f"qconv_{'u8' if flip else 's8'}amx_{form}_c16_t{tiling.tiles}{epilogue_suffix(epilogue)}",
        f"qconv/gemm/gemm_amx_{template}.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in (_FLAT_FIELDS if tiling.is_flat else _ROW_FIELDS)),
        tuple(sorted(params.items())),
        ("int8_amx", "requant"),
    )


def pack(node: Node, tiling: AmxTiling) -> np.ndarray:
    """Weights [output block][tap][step][16 fours of inputs][16 outputs][4]; of planes the fours are taps of a row."""
    inner, outer = tiling.conv.channels
    (kh, kw), w = tiling.conv.geo.window.kernel, weights_of(node)[0]
    if tiling.planes:
        full = np.zeros(
            (tiling.vectors * _BLOCK, tiling.steps * _STEP // tiling.row, tiling.row // 4, 4), np.int8
        )
        full[:outer, :kh, :kw, :inner] = w.reshape(outer, inner, kh, kw).transpose(0, 2, 3, 1)
    else:
        full = np.zeros((tiling.vectors * _BLOCK, tiling.conv.taps, tiling.steps * _STEP), np.int8)
        full[:outer, :, :inner] = w.transpose(0, 2, 1)
    parts = full.reshape(tiling.vectors, _BLOCK, tiling.products, _STEP // 4, 4)
    return np.ascontiguousarray(parts.transpose(0, 2, 3, 1, 4))


def _sizes(tiling: AmxTiling) -> tuple[tuple[int, ...], list[int]]:
    """Arguments, and bytes of scratch memories."""
    n, ic, h, w = tiling.conv.geo.x
    xb, panel = -(-ic // _BLOCK), tiling.steps * tiling.tiles * tiling.pixels * _STEP
    if tiling.is_flat:
        return (n, tiling.conv.pixels, xb, tiling.vectors, tiling.pixels), [panel]
    rows = (
        rows_of(tiling.conv, 4, 1)
        if tiling.planes
        else rows_of(tiling.conv, _STEP, tiling.steps, tiling.high)
    )
    sizes = (n, h, w, *tiling.conv.geo.output[2:], xb, tiling.vectors, tiling.pixels, tiling.per, tiling.high)
    return (*sizes, *rows.args), [rows.nbytes, *[panel] * (tiling.planes > 0)]


def _build(target: Target, tiling: AmxTiling, node: Node) -> list[Call]:
    conv, x, (sizes, scratch) = tiling.conv, node.inputs[0], _sizes(tiling)
    operands: list[Operand] = [
        x,
        Const(partial(pack, node, tiling), align=64),
        Const(partial(bias_of, node, 0, tiling.vectors * _BLOCK)),
        Const(partial(numbers, node, conv.z, signed_zero(x))),
        *([node.inputs[3]] if conv.z is not None else []),
        node.output,
        *map(Workspace, scratch),
    ]
    return [Call(kernel(node, target, tiling), tuple(operands), sizes)]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """One group, on processors with AMX. A few input channels may come as planes."""
    if not target.facts.int8.tile_matmul or conv.groups > 1 or target.block_of("qint8") != _BLOCK:
        return
    window, inner = conv.geo.window, conv.channels[0]
    is_row = inner <= 4 and window.kernel[1] <= _STEP // 4 and window.dilate[1] == 1
    for planes in (inner, 0) if is_row else (0,):
        tiling = _best(conv, planes)
        if tiling is None:
            continue
        yield Candidate(
            partial(_build, target, tiling),
            tiling.cost,
            tuple(1 if v.is_const or (planes and v is node.inputs[0]) else _BLOCK for v in node.inputs),
            (_BLOCK,),
            700 + 150 * tiling.tiles,
            why=f"tiles of {tiling.tiles * tiling.pixels} pixels x 16 channels, products of matrices",
            scratch=sum(_sizes(tiling)[1]),
            weights=tiling.vectors * tiling.products * _STEP * _BLOCK - conv.taps * inner * conv.channels[1],
        )
