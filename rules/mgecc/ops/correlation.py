"""Correlation of two feature maps over a neighbourhood of displacements, as used for optical flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.ops.registry import Operator, operator
from mgecc.ops.window import Window, windows


def _displacements(attrs: dict[str, Any]) -> range:
    reach, step = int(attrs["max_displacement"]), int(attrs["stride2"])
    return range(-(reach // step) * step, reach + 1, step)


def _positions(attrs: dict[str, Any], size: Sequence[int]) -> tuple[int, ...]:
    """Rows and columns of the result: centres whose displaced windows stay inside the padded map."""
    border = int(attrs["max_displacement"]) + int(attrs["kernel_size"]) // 2
    room = [n + 2 * int(attrs["pad_size"]) - 2 * border for n in size]
    return tuple(-(-n // int(attrs["stride1"])) for n in room)


def _window_sums(plane: np.ndarray, kernel: int) -> np.ndarray:
    if kernel == 1:
        return plane
    window = Window((kernel,) * 2, (1, 1), (1, 1), ((0, 0),) * 2)
    return windows(plane, window).sum(axis=(-2, -1))


@operator("Correlation")
class Correlation(Operator):
    """(n, c, h, w) twice to (n, displacements^2, oh, ow): mean product, or mean absolute difference."""

    operands = "float float"
    limits = "NCHW, odd kernel_size"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        attrs, (a, b) = node.attrs, [v.type for v in node.inputs]
        if attrs["format"] != "NCHW" or a != b or a.rank != 4 or not a.dtype.is_float:
            raise Unsupported(f"the correlation of {a} and {b} as {attrs['format']} is not supported")
        if attrs["kernel_size"] % 2 == 0:
            raise Unsupported("correlation needs an odd kernel")
        positions = _positions(attrs, a.shape[2:])
        if min(positions) < 1:
            raise Unsupported("the displacements reach beyond the padded maps")
        return [a.with_shape((a.shape[0], len(_displacements(attrs)) ** 2, *positions))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs = node.attrs
        pad, kernel, reach = (int(attrs[k]) for k in ("pad_size", "kernel_size", "max_displacement"))
        a, b = (np.pad(x.astype(np.float32), [(0, 0), (0, 0), (pad, pad), (pad, pad)]) for x in inputs)
        rows, cols = (n - 2 * reach for n in a.shape[2:])
        here = a[:, :, reach : reach + rows, reach : reach + cols]
        shifts, planes = _displacements(attrs), []
        for dy in shifts:
            for dx in shifts:
                there = b[:, :, reach + dy : reach + dy + rows, reach + dx : reach + dx + cols]
                pairs = here * there if attrs["is_multiply"] else np.abs(here - there)
                planes.append(_window_sums(pairs.sum(axis=1), kernel))
        step = int(attrs["stride1"])
        mean = np.stack(planes, axis=1)[:, :, ::step, ::step] / (kernel * kernel * a.shape[1])
        return [mean]
