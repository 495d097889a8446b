"""The kernels of this family and the tables they read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from mgecc.graph import DType, Unsupported
from mgecc.kernels.base import Call, Const, Kernel, Operand, Param, Workspace
from mgecc.kernels.numbers import NUMBERS
from mgecc.ops.resize import Taps

_SMALL_PIXEL = 64  # bytes


@dataclass(frozen=True)
class Images:
    """``n`` images of h rows, w columns, ``inner`` adjacent numbers a pixel."""

    n: int
    h: int
    w: int
    inner: int


@dataclass(frozen=True, eq=False)
class Axes:
    """How the rows and, if they change, the columns of a result are made."""

    rows: Taps
    columns: Taps | None

    @property
    def count(self) -> int:
        """Taps of both axes if they are few and equal; 0 for any numbers."""
        counts = {t.places.shape[1] for t in (self.rows, self.columns) if t is not None}
        return counts.pop() if counts in ({2}, {4}) else 0


def _places(taps: Taps, inner: int) -> Const:
    return Const(partial(np.ascontiguousarray, taps.places * inner, np.int32))


def _weights(taps: Taps) -> Const:
    return Const(partial(np.ascontiguousarray, taps.weights, np.float32))


def _kernel(dtype: DType, axes: Axes, lanes: bool) -> Kernel:
    if dtype.name not in NUMBERS:
        raise Unsupported(f"{dtype} images have no kernel that interpolates", "cast them to float32 or uint8")
    ctype, letters = NUMBERS[dtype.name].ctype, NUMBERS[dtype.name].letters
    columns, taps = axes.columns is not None, axes.count
    params: dict[str, Param] = {"columns": columns, "ctype": ctype, "lanes": lanes, "taps": taps}
    operands = [("x", f"const {ctype} *"), ("ry", "const int32_t *"), ("wy", "const float *")]
    operands += [("rx", "const int32_t *"), ("wx", "const float *"), ("row", "float *")] * columns
    fields = ["n", "h", "w", "inner", "oh"] + ["ow"] * columns
    fields += (["tv"] + ["th"] * columns) * (not taps)
    parts = ["resize", letters, f"t{taps or 'any'}"] + ["rows"] * (not columns) + ["lanes"] * lanes
    return Kernel(
        "_".join(parts),
        "resize/taps.c.j2",
        (*operands, ("y", f"{ctype} *")),
        tuple((name, "int32_t") for name in fields),
        tuple(sorted(params.items())),
    )


def weighted(dtype: DType, images: Images, axes: Axes, x: Operand, y: Operand) -> Call:
    """The call that makes weighted sums of rows, then of columns, in float32."""
    lanes = dtype.name == "float32" and images.inner >= 4 and axes.columns is not None and axes.count > 0
    kernel = _kernel(dtype, axes, lanes)
    operands: list[Operand] = [x, _places(axes.rows, 1), _weights(axes.rows)]
    numbers = [images.n, images.h, images.w, images.inner, len(axes.rows.places)]
    widths = [axes.rows.places.shape[1]]
    if axes.columns is not None:
        operands += [_places(axes.columns, images.inner), _weights(axes.columns)]
        operands.append(Workspace(4 * images.w * images.inner))
        numbers.append(len(axes.columns.places))
        widths.append(axes.columns.places.shape[1])
    return Call(kernel, (*operands, y), (*numbers, *(widths if not axes.count else ())))


def moved(size: int, images: Images, axes: Axes, x: Operand, y: Operand) -> Call:
    """The call that takes whole pixels of ``inner`` elements of ``size`` bytes; small sizes are part of the code."""
    assert axes.columns is not None
    pixel = images.inner * size
    known = pixel if pixel <= _SMALL_PIXEL else 0
    fields = ("n", "h", "w", "oh", "ow") + ("pixel",) * (not known)
    numbers = (images.n, images.h, images.w, len(axes.rows.places), len(axes.columns.places))
    kernel = Kernel(
        f"resize_nearest_{f'b{known}' if known else 'bytes'}",
        "resize/nearest.c.j2",
        (
            ("x", "const unsigned char *"),
            ("ry", "const int32_t *"),
            ("rx", "const int32_t *"),
            ("y", "unsigned char *"),
        ),
        tuple((name, "int32_t") for name in fields),
        (("pixel", known),),
    )
    operands = (x, _places(axes.rows, 1), _places(axes.columns, pixel), y)
    return Call(kernel, operands, numbers if known else (*numbers, pixel))


def cost(images: Images, axes: Axes) -> float:
    """Estimated instructions of ``weighted``."""
    rows, columns = axes.rows.places.shape, axes.columns
    across = images.w * images.inner * rows[1] / 3
    along = len(columns.places) * images.inner * (2 * columns.places.shape[1] + 1) if columns else 0
    return 50 + images.n * rows[0] * (across + along)
