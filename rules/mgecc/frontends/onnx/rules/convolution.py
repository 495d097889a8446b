"""Convolutions. Signals are images of height 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mgecc.graph import Unsupported
from mgecc.ops.convolution import ConvBiasAttrs, ConvolutionAttrs
from mgecc.ops.convolution3d import Convolution3DAttrs
from mgecc.ops.window import Window

from ..windows import flat, halves, window_of
from . import OnnxNode, Tensor, TensorBuilder, rule

_IMAGE, _VOLUME = 4, 5


@rule("ConvBias", "Conv")
def conv(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """A constant bias is part of it."""
    x, w, bias = node.operand(0), node.operand(1), node.optional(2)
    window = window_of(node, x.shape[2:], w.shape[2:])
    if x.rank == _VOLUME:
        return [_biased(t, t.one("Convolution3D", _attrs(node, window), x, w, dtype=x.dtype), bias)]
    if bias is not None and bias.array is None:
        return [_biased(t, _planar(node, t, window, x, w), bias)]
    return [_planar(node, t, window, x, w, *([] if bias is None else [bias]))]


def _planar(node: OnnxNode, t: TensorBuilder, window: Window, x: Tensor, w: Tensor, *bias: Tensor) -> Tensor:
    attrs = ConvBiasAttrs(**numbers(node, flat(window)))
    terms = [t.reshape(b, (1, b.elements, 1, 1)) for b in bias]
    y = t.one("ConvBias", attrs, high(t, x), high(t, w), *terms, dtype=x.dtype)
    return low(t, y, x.rank)


@rule("ConvolutionBackwardData", "ConvTranspose")
def conv_transpose(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Cells that ``output_padding`` adds are none of the padding, or zeros behind the result."""
    x, w, bias = node.operand(0), node.operand(1), node.optional(2)
    window, behind = _transposed(node, x, w)
    op = "Convolution3DBackwardData" if x.rank == _VOLUME else "ConvolutionBackwardData"
    y = t.one(op, _attrs(node, flat(window)), high(t, w), high(t, x), dtype=x.dtype)
    y = t.pad(y, [*[(0, 0)] * (y.rank - len(behind)), *((0, n) for n in behind)])
    return [low(t, _biased(t, y, bias), x.rank)]


def _transposed(node: OnnxNode, x: Tensor, w: Tensor) -> tuple[Window, list[int]]:
    """The window, and how many cells more its result has on each axis."""
    size, given = x.shape[2:], dict(node.attrs)
    rule = given.pop("auto_pad", "NOTSET")
    window = window_of(replace(node, attrs=given), size, w.shape[2:])
    more = node.get("output_padding", [0] * len(size))
    full = [(n - 1) * s + e + p for n, s, e, p in zip(size, window.stride, window.extent, more)]
    stated = node.get("output_shape", None)
    if stated is None and rule in ("SAME_UPPER", "SAME_LOWER"):
        stated = [n * s for n, s in zip(size, window.stride)]
    pads = list(window.pad)
    if stated is not None:
        pads = [halves(max(0, f - n), rule == "SAME_UPPER") for f, n in zip(full, stated[-len(size) :])]
        more = [p + max(0, n - f) for f, n, p in zip(full, stated[-len(size) :], more)]
    elif rule == "VALID":
        pads = [(0, 0)] * len(size)
    kept = tuple((before, max(0, after - p)) for (before, after), p in zip(pads, more))
    return replace(window, pad=kept), [max(0, p - after) for (_, after), p in zip(pads, more)]


def _biased(t: TensorBuilder, y: Tensor, bias: Tensor | None) -> Tensor:
    if bias is None:
        return y
    return t.elemwise("add", y, t.reshape(bias, (bias.elements, *[1] * (y.rank - 2))))


def numbers(node: OnnxNode, window: Window) -> dict[str, Any]:
    return {
        "stride": window.stride,
        "padding": window.pad,
        "dilation": window.dilate,
        "groups": node.get("group", 1),
    }


def _attrs(node: OnnxNode, window: Window) -> ConvolutionAttrs:
    made = Convolution3DAttrs if len(window.kernel) > 2 else ConvolutionAttrs
    return made(**numbers(node, window))


def high(t: TensorBuilder, x: Tensor) -> Tensor:
    """Signals (n, c, w) as images (n, c, 1, w)."""
    return x if x.rank >= _IMAGE else t.unsqueeze(x, [2])


def low(t: TensorBuilder, y: Tensor, rank: int) -> Tensor:
    """Back to data of ``rank``."""
    return y if rank >= _IMAGE else t.squeeze(y, [2])


@rule("DeformableConv", "DeformConv")
def deform_conv(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Offsets and masks by groups of channels; without a mask all taps count."""
    x, w, offset, bias, mask = (
        node.operand(0),
        node.operand(1),
        node.operand(2),
        node.optional(3),
        node.optional(4),
    )
    if x.rank != _IMAGE:
        raise Unsupported(f"deformable convolution of data of rank {x.rank} is not supported")
    window = window_of(node, x.shape[2:], w.shape[2:])
    n, twice, *size = offset.shape
    if mask is None:
        mask = t.broadcast(t.like(x, 1), (n, twice // 2, *size))
    y = t.one("DeformableConv", _attrs(node, window), x, w, offset, mask, dtype=x.dtype)
    return [_biased(t, y, bias)]
