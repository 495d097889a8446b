"""Windows of an image as a tensor of their own, and the sum that undoes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops.arithmetic import store, widen
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import Cells, Window, WindowAttrs, scatter_windows, windows


@dataclass(frozen=True)
class SlidingWindowAttrs(WindowAttrs):
    """``window``: its cells along (h, w)."""

    window: tuple[Cells, Cells] = field(kw_only=True)

    @property
    def geometry(self) -> Window:
        return self.over(self.window)


@dataclass(frozen=True)
class WindowSumAttrs(SlidingWindowAttrs):
    """``size``: cells of the image along (h, w)."""

    size: tuple[Cells, Cells] = field(kw_only=True)


@operator("Images2Neibs")
class Images2Neibs(Operator):
    """(n, c, h, w) to (n, c, oh, ow, *window), zero outside."""

    Attributes = SlidingWindowAttrs
    operands = "number"
    limits = "float32 or float16, (n, c, h, w)"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, window = node.inputs[0].type, node.attributes(SlidingWindowAttrs).geometry
        if x.rank != 4:
            raise Unsupported(f"windows of {x} do not exist")
        return [x.with_shape((*x.shape[:2], *window.output_size(x.shape[2:]), *window.kernel))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        window = node.attributes(SlidingWindowAttrs).geometry
        return [windows(inputs[0], window, node.inputs[0].type.dtype.zero_point)]


@operator("SlidingWindowTranspose")
class SlidingWindowTranspose(Operator):
    """(n, c, oh, ow, *window) summed to (n, c, *size)."""

    Attributes = WindowSumAttrs
    operands = "number"
    limits = "float32 or float16"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, attrs = node.inputs[0].type, node.attributes(WindowSumAttrs)
        window, size = attrs.geometry, attrs.size
        if x.dtype.is_quantized or x.shape[2:] != (*window.output_size(size), *window.kernel):
            raise Unsupported(f"windows {x} do not make up an image of {size}")
        return [x.with_shape((*x.shape[:2], *size))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        dtype = node.inputs[0].type.dtype
        attrs = node.attributes(WindowSumAttrs)
        total = scatter_windows(widen(inputs[0], dtype), attrs.geometry, attrs.size)
        return [store(total, dtype)]
