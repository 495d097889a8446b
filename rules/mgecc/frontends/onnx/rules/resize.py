"""Resizing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import Unsupported
from mgecc.graph.symbolic import has_sizes
from mgecc.graph.types import FLOAT32
from mgecc.ops.known import axis_of
from mgecc.ops.resample import ResampleAttrs
from mgecc.ops.resize import ResizeAttrs, taps

from ..coordinates import Axis, Interpolation, is_outside, taps_of
from . import OnnxNode, Tensor, TensorBuilder, rule

_IMAGE = 4


@rule("Resize", "Resize")
def resize(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Axis by axis; integers are computed in float32 and rounded."""
    x = node.operand(0)
    how = Interpolation(
        node.get("mode", "nearest"),
        node.get("coordinate_transformation_mode", "half_pixel"),
        node.get("nearest_mode", "round_prefer_floor"),
        node.get("cubic_coeff_a", -0.75),
        bool(node.get("antialias", 0)),
        bool(node.get("exclude_outside", 0)),
    )
    axes = {k: axis for k, axis in enumerate(_axes(node, x)) if not axis.is_kept}
    y = _taken(t, x, axes, how) if how.mode == "nearest" else _interpolated(t, x, axes, how)
    return [_extrapolated(node, t, y, axes, how)]


def _axes(node: OnnxNode, x: Tensor) -> list[Axis]:
    """All axes of the data, by sizes or scales."""
    if has_sizes(x.shape):
        raise Unsupported(
            "Resize of declared sizes is not supported", "list the sizes that occur as input_shapes"
        )
    chosen = [axis_of(axis, x.rank) for axis in node.get("axes", range(x.rank))]
    roi, scales, sizes = (_given(node, k, n * len(chosen)) for k, n in ((1, 2), (2, 1), (3, 1)))
    if scales is None and sizes is None:
        raise Unsupported("neither its sizes nor its scales are stated", "check the file with onnx.checker")
    made = [Axis(n, n, 1.0) for n in x.shape]
    for k, axis in enumerate(chosen):
        n, part = x.shape[axis], (0.0, 1.0) if roi is None else (roi[k], roi[k + len(chosen)])
        if scales is not None:
            made[axis] = Axis(n, int(scales[k] * n), scales[k], part)
        elif sizes is not None:
            made[axis] = _sized(node, n, sizes[k], [b / x.shape[a] for a, b in zip(chosen, sizes)], part)
    return made


def _given(node: OnnxNode, position: int, count: int) -> list[float] | None:
    """Numbers of an operand that may be empty."""
    operand = node.optional(position)
    if operand is None or not operand.elements:
        return None
    numbers = [float(n) for n in operand.known.reshape(-1)]
    if len(numbers) != count:
        raise Unsupported(f"its operand {position} has {len(numbers)} numbers, {count} are needed")
    return numbers


def _sized(node: OnnxNode, n: int, size: float, ratios: list[float], roi: tuple[float, float]) -> Axis:
    """An axis whose size is stated, or what keeps the ratio of all within it."""
    policy = node.get("keep_aspect_ratio_policy", "stretch")
    if policy == "stretch":
        return Axis(n, int(size), size / n, roi)
    scale = min(ratios) if policy == "not_larger" else max(ratios)
    return Axis(n, int(scale * n + 0.5), scale, roi)


def _taken(t: TensorBuilder, x: Tensor, axes: dict[int, Axis], how: Interpolation) -> Tensor:
    """Whole elements; rows and columns of images by one node where it takes the same ones."""
    tables = {k: taps_of(axis, how).places[:, 0] for k, axis in axes.items()}
    if x.rank == _IMAGE and set(tables) <= {2, 3} and tables:
        same = all(
            np.array_equal(p, taps("nearest", x.shape[k], len(p)).places[:, 0]) for k, p in tables.items()
        )
        if same:
            size = [axes[k].target if k in axes else x.shape[k] for k in (2, 3)]
            return t.one(
                "Resize", ResizeAttrs("nearest"), x, t.constant(np.array(size, np.int32)), dtype=x.dtype
            )
    for k, places in tables.items():
        x = t.take(x, k, t.constant(places))
    return x


def _interpolated(t: TensorBuilder, x: Tensor, axes: dict[int, Axis], how: Interpolation) -> Tensor:
    if not axes:
        return x
    tables = [taps_of(axis, how) for axis in axes.values()]
    parts = [t.constant(part) for table in tables for part in (table.places, table.weights)]
    real = x if x.dtype.is_float else t.cast(x, FLOAT32)
    y = t.one("Resample", ResampleAttrs(tuple(axes)), real, *parts, dtype=real.dtype)
    return y if x.dtype.is_float else _rounded(t, y, x)


def _rounded(t: TensorBuilder, y: Tensor, x: Tensor) -> Tensor:
    """As integers of the type of ``x``, halves to the even one."""
    low, high = x.dtype.range
    whole = t.elemwise("round_even", y)
    return t.cast(t.elemwise("min", t.elemwise("max", whole, t.like(y, low)), t.like(y, high)), x.dtype)


def _extrapolated(
    node: OnnxNode, t: TensorBuilder, y: Tensor, axes: dict[int, Axis], how: Interpolation
) -> Tensor:
    """With the stated number where the result lies outside of the data."""
    outside = np.zeros((1,) * y.rank, bool)
    for k, axis in axes.items():
        outside = outside | is_outside(axis, how).reshape([-1 if a == k else 1 for a in range(y.rank)])
    if not outside.any():
        return y
    return t.where(t.constant(outside), t.like(y, node.get("extrapolation_value", 0.0)), y)
