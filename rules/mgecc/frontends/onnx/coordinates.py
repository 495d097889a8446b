"""Axes of Resize: where the elements of its result lie in its data, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor

import numpy as np

from mgecc.frontends.compose import check_table
from mgecc.graph import Unsupported
from mgecc.ops.resize import Taps


@dataclass(frozen=True)
class Axis:
    """``source`` elements become ``target`` ones; ``scale``: stated, or their ratio; ``roi``: part of the data."""

    source: int
    target: int
    scale: float
    roi: tuple[float, float] = (0.0, 1.0)

    @property
    def length(self) -> float:
        """Of the result before it is rounded."""
        return self.scale * self.source

    @property
    def is_kept(self) -> bool:
        return self.source == self.target and abs(self.scale - 1) < 1e-9 and self.roi == (0.0, 1.0)


@dataclass(frozen=True)
class Interpolation:
    """How elements are made of those around their place; words and numbers as in attributes of Resize."""

    mode: str
    coordinates: str
    nearest: str = "round_prefer_floor"
    cubic: float = -0.75
    antialias: bool = False
    exclude_outside: bool = False


def places(axis: Axis, coordinates: str) -> np.ndarray:
    """Places of all elements of the result in the data, in double precision."""
    i = np.arange(axis.target, dtype=np.float64)
    if coordinates not in _PLACES:
        raise Unsupported(f"the coordinates {coordinates} are not known")
    return np.asarray(_PLACES[coordinates](axis, i))


def _half_pixel(axis: Axis, i: np.ndarray) -> np.ndarray:
    return (i + 0.5) / axis.scale - 0.5


def _symmetric(axis: Axis, i: np.ndarray) -> np.ndarray:
    """The centres of data and result are one."""
    return axis.source / 2 * (1 - axis.target / axis.length) + _half_pixel(axis, i)


def _pytorch(axis: Axis, i: np.ndarray) -> np.ndarray:
    return _half_pixel(axis, i) if axis.length > 1 else np.full_like(i, -0.5)


def _aligned(axis: Axis, i: np.ndarray) -> np.ndarray:
    return i * ((axis.source - 1) / (axis.length - 1)) if axis.length != 1 else np.zeros_like(i)


def _cropped(axis: Axis, i: np.ndarray) -> np.ndarray:
    begin, end = axis.roi
    span, last = (end - begin) * (axis.source - 1), axis.length - 1
    return begin * (axis.source - 1) + (i * (span / last) if last else np.full_like(i, span / 2))


_PLACES: dict[str, Callable[[Axis, np.ndarray], np.ndarray]] = {
    "half_pixel": _half_pixel,
    "half_pixel_symmetric": _symmetric,
    "pytorch_half_pixel": _pytorch,
    "align_corners": _aligned,
    "asymmetric": lambda axis, i: i / axis.scale,
    "tf_half_pixel_for_nn": lambda axis, i: (i + 0.5) / axis.scale,
    "tf_crop_and_resize": _cropped,
}
_NEAREST: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "round_prefer_floor": lambda x: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}


def is_outside(axis: Axis, how: Interpolation) -> np.ndarray:
    """Which elements of the result lie outside of the data and get a stated number."""
    at = places(axis, how.coordinates)
    return (
        (at < 0) | (at > axis.source - 1)
        if how.coordinates == "tf_crop_and_resize"
        else np.zeros(len(at), bool)
    )


def taps_of(axis: Axis, how: Interpolation) -> Taps:
    """What each element of the result is made of."""
    check_table(axis.target)
    at = places(axis, how.coordinates)
    if how.mode == "nearest":
        whole = _NEAREST[how.nearest](at)
        return Taps(_inside(axis, whole)[:, None], np.ones((axis.target, 1), np.float32))
    reach = {"linear": 1, "cubic": 2}.get(how.mode)
    if reach is None:
        raise Unsupported(f"the interpolation {how.mode} is not known")
    stretch = min(axis.scale, 1.0) if how.antialias else 1.0
    before = floor(-reach / stretch) + 1
    check_table(axis.target, 2 - 2 * before)
    index = np.floor(at)[:, None] + np.arange(before, 2 - before)
    distance = np.abs((index - at[:, None]) * stretch)
    weights = np.maximum(1 - distance, 0) if how.mode == "linear" else _keys(distance, how.cubic)
    if how.exclude_outside:
        weights = np.where((index < 0) | (index >= axis.source), 0, weights)
    if how.exclude_outside or how.antialias:
        total = np.add.accumulate(weights, 1)[:, -1:]
        weights = weights / np.where(total == 0, 1, total)
    return Taps(_inside(axis, index), weights.astype(np.float32))


def _keys(distance: np.ndarray, a: float) -> np.ndarray:
    """The cubic kernel of Keys."""
    d = distance
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0))


def _inside(axis: Axis, index: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(index, 0, axis.source - 1).astype(np.int32))
