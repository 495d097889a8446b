"""Choosing elements by conditions. Where the number of results depends on the data the shape is its bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.graph.types import INT32
from mgecc.ops.known import broadcast_shape, same_dtype
from mgecc.ops.registry import Operator, operator
from mgecc.ops.saturating import stored

_CONDITIONS: dict[str, Callable[[np.ndarray, float, float], np.ndarray]] = {
    "EQ": lambda m, value, eps: np.abs(m - value) < eps,
    "NEQ": lambda m, value, eps: np.abs(m - value) >= eps,
    "LT": lambda m, value, eps: m < value,
    "LEQ": lambda m, value, eps: m <= value,
    "GT": lambda m, value, eps: m > value,
    "GEQ": lambda m, value, eps: m >= value,
}


class _Varying(Operator):
    @staticmethod
    def varies(node: Node) -> bool:
        """Whether the size of the result is known only when the model runs."""
        return True


@operator("CondTake", "CondTake")
class CondTake(_Varying):
    """Inputs x, mask: elements whose mask compares with 'val' as 'mode' says, and their flat int32 indices."""

    limits = "result of varying size"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, mask = node.inputs[0].type, node.inputs[1].type
        if x.shape != mask.shape or node.attrs["mode"] not in _CONDITIONS:
            raise Unsupported(f"data {x} and mask {mask} do not fit for {node.attrs['mode']}")
        return [x.with_shape((x.elements,)), TensorType((x.elements,), INT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, mask = (a.reshape(-1) for a in inputs)
        condition = _CONDITIONS[node.attrs["mode"]]
        real = mask.astype(np.float32)
        chosen = np.flatnonzero(condition(real, np.float32(node.attrs["val"]), np.float32(node.attrs["eps"])))
        return [x[chosen], chosen]


@operator("NonZero", "NonZero")
class NonZero(_Varying):
    """The int32 coordinates (rank, count) of elements that are not zero."""

    limits = "result of varying size"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        return [TensorType((x.rank, x.elements), INT32)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.stack(np.nonzero(inputs[0]))]


@operator("Where", "Where")
class Where(Operator):
    """Inputs mask, x, y: x where the mask is true, else y."""

    limits = "bool mask"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        mask, *choices = (v.type for v in node.inputs)
        if mask.dtype.name != "bool":
            raise Unsupported(f"a mask of type {mask.dtype} does not choose")
        return [TensorType(broadcast_shape([v.shape for v in node.inputs]), same_dtype(choices))]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.where(*inputs)]


@operator("MaskedFill", "MaskedFill")
class MaskedFill(Operator):
    """Inputs x, bool mask over the leading axes: 'value' where the mask is true."""

    limits = "bool mask over the leading axes"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x, mask = node.inputs[0].type, node.inputs[1].type
        if mask.dtype.name != "bool" or x.shape[: mask.rank] != mask.shape:
            raise Unsupported(f"a mask {mask} does not cover data {x}")
        return [x]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        x, mask = inputs
        value = stored(np.array([node.attrs["value"]], np.float32), node.inputs[0].type.dtype)
        return [np.where(mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim)), value, x)]


def _areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def _suppressed(box: np.ndarray, others: np.ndarray, threshold: np.float32) -> np.ndarray:
    """Which of ``others`` (n, 4) overlap ``box`` by more than ``threshold`` of the union."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    inside = np.prod(np.maximum(high - low, np.float32(0)), axis=1)
    return inside > threshold * (_areas(box) + _areas(others) - inside)


def keep_boxes(boxes: np.ndarray, threshold: float, limit: int) -> list[int]:
    """Greedy suppression of boxes (n, 4) given as (x1, y1, x2, y2), best first; at most ``limit`` are kept."""
    alive, kept = np.ones(len(boxes), bool), list[int]()
    for i in range(len(boxes)):
        if len(kept) == limit:
            break
        if alive[i]:
            kept.append(i)
            alive[i + 1 :] &= ~_suppressed(boxes[i], boxes[i + 1 :], np.float32(threshold))
    return kept


@operator("NMSKeep", "NMSKeepMGB", "NMSKeep")
class NMSKeep(Operator):
    """Boxes (b, n, 4) sorted by score: int32 indices of those kept (b, 'max_output'), zero behind, and counts (b)."""

    limits = "boxes (batch, n, 4) sorted by score"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        if x.rank != 3 or x.shape[2] != 4 or not x.dtype.is_float:
            raise Unsupported(f"{x} are not boxes")
        return [
            TensorType((x.shape[0], int(node.attrs["max_output"])), INT32),
            TensorType((x.shape[0],), INT32),
        ]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        boxes, limit = inputs[0].astype(np.float32), int(node.attrs["max_output"])
        kept = [keep_boxes(b, node.attrs["iou_thresh"], limit) for b in boxes]
        indices = np.zeros((len(kept), limit), np.int32)
        for row, found in zip(indices, kept):
            row[: len(found)] = found
        return [indices, np.array([len(found) for found in kept], np.int32)]
