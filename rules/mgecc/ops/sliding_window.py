"""Windows of an image as a tensor of their own, and the sum that undoes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops.arithmetic import store, widen
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import Window, scatter_windows, window_of, windows


def _window(attrs: dict[str, Any]) -> Window:
    return window_of(attrs, (int(attrs["window_h"]), int(attrs["window_w"])))


@operator("Images2Neibs")
class Images2Neibs(Operator):
    """(n, c, h, w) to (n, c, oh, ow, window_h, window_w), zero outside."""

    operands = "number"
    limits = "float32 or float16, (n, c, h, w)"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, window = node.inputs[0].type, _window(node.attrs)
        if x.rank != 4:
            raise Unsupported(f"windows of {x} do not exist")
        return [x.with_shape((*x.shape[:2], *window.output_size(x.shape[2:]), *window.kernel))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [windows(inputs[0], _window(node.attrs), node.inputs[0].type.dtype.zero_point)]


@operator("SlidingWindowTranspose")
class SlidingWindowTranspose(Operator):
    """(n, c, oh, ow, window_h, window_w) summed to (n, c, out_h, out_w)."""

    operands = "number"
    limits = "float32 or float16"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, window = node.inputs[0].type, _window(node.attrs)
        size = (int(node.attrs["out_h"]), int(node.attrs["out_w"]))
        if x.dtype.is_quantized or x.shape[2:] != (*window.output_size(size), *window.kernel):
            raise Unsupported(f"windows {x} do not make up an image of {size}")
        return [x.with_shape((*x.shape[:2], *size))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        dtype = node.inputs[0].type.dtype
        total = scatter_windows(widen(inputs[0], dtype), _window(node.attrs), node.output.shape[2:])
        return [store(total, dtype)]
