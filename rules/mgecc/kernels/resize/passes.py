"""The kernels of this family and the tables they read."""

from __future__ import annotations

from dataclasses import dataclass

from mgecc.graph import DType, Unsupported
from mgecc.graph.symbolic import lower_bound
from mgecc.kernels.base import Call, Kernel, Operand, Param, Workspace
from mgecc.kernels.numbers import NUMBERS
from mgecc.kernels.resize.tables import Axis, table_of

_SMALL_PIXEL = 64  # bytes
_PIXELS = (4, 8, 16)  # channels of a block


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

    rows: Axis
    columns: Axis | None

    @property
    def count(self) -> int:
        """Taps of both axes if they are few and equal; 0 for any numbers."""
        counts = {axis.width for axis in (self.rows, self.columns) if axis is not None}
        return counts.pop() if counts in ({2}, {4}, {8}) else 0


def _kernel(dtype: DType, axes: Axes, lanes: bool, pixel: int) -> Kernel:
    """``lanes``: pixels are at least vectors; ``pixel``: numbers of one where that is part of the code, else 0."""
    if dtype.name not in NUMBERS:
        raise Unsupported(f"{dtype} images have no kernel that interpolates", "cast them to float32 or uint8")
    ctype, letters = NUMBERS[dtype.name].ctype, NUMBERS[dtype.name].letters
    columns, taps = axes.columns is not None, axes.count
    params: dict[str, Param] = {
        "columns": columns,
        "ctype": ctype,
        "lanes": lanes,
        "pixel": pixel,
        "taps": taps,
    }
    operands = [("x", f"const {ctype} *"), ("ry", "const int32_t *"), ("wy", "const float *")]
    operands += [("rx", "const int32_t *"), ("wx", "const float *"), ("row", "float *")] * columns
    fields = ["n", "h", "w", "inner", "oh"] + ["ow"] * columns
    fields += (["tv"] + ["th"] * columns) * (not taps)
    parts = ["resize", letters, f"t{taps or 'any'}"] + ["rows"] * (not columns)
    parts += ["lanes"] * lanes + [f"c{pixel}"] * (pixel > 0)
    return Kernel(
        "_".join(parts),
        "resize/taps.c.j2",
        (*operands, ("y", f"{ctype} *")),
        tuple((name, "int32_t") for name in fields),
        tuple(sorted(params.items())),
        tables=_tables((taps or "a->tv", taps or "a->th"), "a->inner", columns),
    )


def _tables(
    taps: tuple[int | str, int | str], pixel: int | str, columns: bool = True
) -> tuple[tuple[str, str, str], ...]:
    """What bounds the places of rows and of columns; the latter count in units of which a pixel has ``pixel``."""
    rows = ("ry", f"a->oh * {taps[0]}", "a->h")
    return (rows, ("rx", f"a->ow * {taps[1]}", f"(a->w - 1) * {pixel} + 1")) if columns else (rows,)


def weighted(dtype: DType, images: Images, axes: Axes, x: Operand, y: Operand) -> list[Call]:
    """The calls that make weighted sums of rows, then of columns, in float32."""
    wide = lower_bound(images.inner) >= 4
    lanes = dtype.name == "float32" and wide and axes.columns is not None and axes.count > 0
    known = images.inner if lanes and isinstance(images.inner, int) and images.inner in _PIXELS else 0
    kernel = _kernel(dtype, axes, lanes, known)
    tables = [table_of(axes.rows, 1)]
    numbers = [images.n, images.h, images.w, images.inner, axes.rows.length]
    widths = [axes.rows.width]
    scratch: list[Operand] = []
    if axes.columns is not None:
        tables.append(table_of(axes.columns, images.inner))
        rows = axes.count if dtype.name != "float32" and axes.count else 1
        scratch.append(Workspace(4 * rows * images.w * images.inner))
        numbers.append(axes.columns.length)
        widths.append(axes.columns.width)
    operands: list[Operand] = [x, *(part for t in tables for part in (t.places, t.weights)), *scratch, y]
    last = Call(kernel, tuple(operands), (*numbers, *(widths if not axes.count else ())))
    return [*(call for t in tables for call in t.calls), last]


def fixed_point(images: Images, rows: Axis, columns: Axis, x: Operand, y: Operand) -> list[Call]:
    """The calls that make weighted sums of rows, then of columns, in integers."""
    kernel = Kernel(
        f"resize_u8_fixed_t{rows.width}",
        "resize/fixed.c.j2",
        (
            ("x", "const uint8_t *"),
            *((name, "const int32_t *") for name in ("ry", "wy", "rx", "wx")),
            ("row", "int32_t *"),
            ("y", "uint8_t *"),
        ),
        tuple((name, "int32_t") for name in ("n", "h", "w", "inner", "oh", "ow")),
        (("taps", rows.width),),
        tables=_tables((rows.width, rows.width), "a->inner"),
    )
    tables = table_of(rows, 1), table_of(columns, images.inner)
    row = Workspace(4 * images.w * images.inner)
    operands = (x, *(part for t in tables for part in (t.places, t.weights)), row, y)
    numbers = (images.n, images.h, images.w, images.inner, rows.length, columns.length)
    return [*(call for t in tables for call in t.calls), Call(kernel, operands, numbers)]


def moved(size: int, images: Images, axes: Axes, x: Operand, y: Operand) -> list[Call]:
    """The calls that take whole pixels of ``inner`` elements of ``size`` bytes; small sizes are part of the code."""
    assert axes.columns is not None
    pixel = images.inner * size
    known = pixel if isinstance(pixel, int) and pixel <= _SMALL_PIXEL else 0
    fields = ("n", "h", "w", "oh", "ow") + ("pixel",) * (not known)
    numbers = (images.n, images.h, images.w, axes.rows.length, axes.columns.length)
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
        tables=_tables((1, 1), known or "a->pixel"),
    )
    rows, columns = table_of(axes.rows, 1), table_of(axes.columns, pixel)
    last = Call(kernel, (x, rows.places, columns.places, y), numbers if known else (*numbers, pixel))
    return [*rows.calls, *columns.calls, last]


def cost(images: Images, axes: Axes) -> float:
    """Estimated instructions of ``weighted``."""
    rows, columns = axes.rows, axes.columns
    across = images.w * images.inner * rows.width / 3
    along = columns.length * images.inner * (2 * columns.width + 1) if columns else 0
    return 50 + images.n * rows.length * (across + along)
