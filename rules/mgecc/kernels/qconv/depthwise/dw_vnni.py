"""Quantised depthwise convolution by dot products of four neighbouring pixels (dw_vnni.c.j2).

VPDPBUSD adds four uint8 x int8 products to an int32 accumulator (Intel SDM, AVX512-VNNI).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, Workspace
from mgecc.kernels.qconv.geometry import QConv, bias_of, flip_of, partition_of, signed_zero, weights_of
from mgecc.kernels.requant import epilogue_params, epilogue_suffix, input_offset, numbers, rescale_operand
from mgecc.kernels.rescale import factor_constants
from mgecc.targets import Target

_FIELDS = ("planes", "blocks", "h", "w", "oh", "ow", "pt", "pl", "spans")
_LANES, _STRIDES = 16, (1, 2, 4)
_MOST_WEIGHTS = 16  # vectors of them that stay in registers


@dataclass(frozen=True)
class Spans:
    """Rows of spans: a pixel and the next three, at every ``stride``-th pixel."""

    conv: QConv

    @property
    def stride(self) -> int:
        return int(self.conv.geo.window.stride[1])

    @property
    def chunks(self) -> int:
        """Spans that hold the taps of a row."""
        return -(-self.conv.geo.window.kernel[1] // 4)

    @property
    def count(self) -> int:
        return int(self.conv.geo.output[3]) + (self.chunks - 1) * 4 // self.stride

    @property
    def scratch(self) -> int:
        return self.count * 64 * int(self.conv.geo.window.kernel[0])

    @property
    def cost(self) -> float:
        n, ic, h, _ = self.conv.geo.x
        _, _, oh, ow = self.conv.geo.output
        tile = 8 * self.conv.geo.window.kernel[0] * self.chunks + 30
        return n * -(-ic // _LANES) * (oh * -(-ow // 4) * tile + h * (6 * self.count + 20))


def kernel(node: Node, conv: QConv, target: Target) -> Kernel:
    epilogue, flip, (kh, kw) = (
        epilogue_params(node, target, conv.z),
        flip_of(node.inputs[0]),
        conv.geo.window.kernel,
    )
    sh, sw = conv.geo.window.stride
    params: dict[str, Param] = {
        "chunks": Spans(conv).chunks, "flip": flip, "kh": kh, "kw": kw, "sh": sh, "sw": sw, **epilogue,
    }  # fmt: skip
    operands = [
        *(("x", "const int8_t *"), ("w", "const int8_t *"), ("b", "const int32_t *"), ("q", "const float *")),
        *rescale_operand(epilogue),
        *[("z", "const int8_t *")] * (conv.z is not None),
        *(("y", "int8_t *"), ("ring", "int8_t *")),
    ]
    stride = f"s{sw}" if sh == sw else f"s{sh}x{sw}"
    return Kernel(
        f"qconv_{'u8' if flip else 's8'}dot_depthwise_k{kh}x{kw}{stride}_c16_p4{epilogue_suffix(epilogue)}",
        "qconv/depthwise/dw_vnni.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in _FIELDS),
        tuple(sorted(params.items())),
        ("int8_dot", "rescale" if epilogue["rescale"] else "requant"),
    )


def pack(node: Node, conv: QConv) -> np.ndarray:
    """Weights [block][row][chunk][channel][four taps]."""
    (kh, kw), chunks, blocks = conv.geo.window.kernel, Spans(conv).chunks, -(-conv.groups // _LANES)
    full = np.zeros((blocks * _LANES, kh, chunks * 4), np.int8)
    full[: conv.groups, :, :kw] = weights_of(node).reshape(conv.groups, kh, kw)
    return np.ascontiguousarray(full.reshape(blocks, _LANES, kh, chunks, 4).transpose(0, 2, 3, 1, 4))


def _build(conv: QConv, target: Target, node: Node) -> list[Call]:
    x, spans = node.inputs[0], Spans(conv)
    n, ic, h, w = conv.geo.x
    blocks, ((pt, _), (pl, _)) = -(-ic // _LANES), conv.geo.window.pad
    operands: list[Operand] = [
        x,
        Const(partial(pack, node, conv)),
        Const(partial(bias_of, node, 0, blocks * _LANES, input_offset(target))),
        Const(partial(numbers, node, conv.z, signed_zero(x))),
        *factor_constants(node, conv.groups, blocks * _LANES, _LANES),
        *([node.inputs[3]] if conv.z is not None else []),
        node.output,
        Workspace(spans.scratch),
    ]
    sizes = (n * blocks, blocks, h, w, *conv.geo.output[2:], pt, pl, spans.count)
    strides = {"x": h * w * _LANES, "w": 4 * _LANES * conv.geo.window.kernel[0] * spans.chunks}
    partition = partition_of(conv, "planes", _LANES, strides)
    return [Call(kernel(node, conv, target), tuple(operands), sizes, partition=partition)]


def candidates(node: Node, conv: QConv, target: Target) -> Iterator[Candidate]:
    """Windows without gaps, rows of at least four pixels, one channel multiplier."""
    window, ow, spans = conv.geo.window, conv.geo.output[3], Spans(conv)
    if not target.facts.int8.dw_dot4 or target.block_of("qint8") != _LANES:
        return
    if window.dilate != (1, 1) or spans.stride not in _STRIDES or not isinstance(ow, int) or ow < 4:
        return
    if window.kernel[0] * spans.chunks > _MOST_WEIGHTS:
        return
    yield Candidate(
        partial(_build, conv, target),
        spans.cost,
        tuple(1 if v.is_const else _LANES for v in node.inputs),
        (_LANES,),
        500 + 30 * window.kernel[0] * spans.chunks,
        why=f"depthwise rows, 4 pixels x {_LANES} channels, products of four taps",
        scratch=spans.scratch,
    )
