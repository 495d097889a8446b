"""Comparing what a program gave with what was expected of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgecc.config import Verify


@dataclass(frozen=True)
class OutputError:
    """Errors of one output over all cases.

    ``max_abs``: largest absolute difference. ``peak``: largest expected magnitude. ``outside``: elements beyond the
    allowed error, out of ``elements``. ``top``: cases whose best classes come in the same order, out of ``cases``;
    None if that was not asked for.
    """

    name: str
    max_abs: float
    peak: float
    outside: int
    elements: int
    top: int | None
    cases: int

    @property
    def of_peak(self) -> float:
        return self.max_abs / self.peak if self.peak else self.max_abs

    @property
    def ok(self) -> bool:
        return not self.outside and self.top in (None, self.cases)


def compare(name: str, got: np.ndarray, want: np.ndarray, limits: Verify, step: float = 0.0) -> OutputError:
    """Compare stacked cases (axis 0). ``step``: of the output's quantisation, in units of the arrays; 0 if it has none.

    Numbers that are not finite must be the same on both sides.
    """
    exact = want.dtype.kind in "biu" and not step
    a, b = got.astype(np.float64), want.astype(np.float64)
    error = absolute_errors(a, b)
    magnitude = np.abs(np.where(np.isfinite(b), b, 0))
    peak = float(magnitude.max(initial=0))
    allowed = limits.atol + limits.rtol * magnitude + limits.max_abs_of_peak * peak + limits.max_steps * step
    # Half a step of rounding room: the arrays may be float32 multiples of the step.
    outside = error > 0 if exact else error > allowed + (1e-3 * step if limits.max_steps else 0.0)
    return OutputError(
        name=name,
        max_abs=float(error.max(initial=0)),
        peak=peak,
        outside=int(np.count_nonzero(outside)),
        elements=int(want.size),
        top=_same_order(a, b, limits) if limits.top else None,
        cases=len(want),
    )


def absolute_errors(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of two arrays of double precision; infinite where only one number is finite, or both are others that differ."""
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    finite = np.isfinite(a) & np.isfinite(b)
    error = np.where(same, 0.0, np.abs(np.where(finite, a, 0) - np.where(finite, b, 0)))
    error[~finite & ~same] = np.inf
    return error


def _same_order(got: np.ndarray, want: np.ndarray, limits: Verify) -> int:
    """Cases whose first ``limits.top`` classes agree in order."""
    best = [top_classes(array.reshape(len(array), -1), limits.top or 0) for array in (got, want)]
    return int(np.count_nonzero((best[0] == best[1]).all(axis=1)))


def top_classes(rows: np.ndarray, count: int) -> np.ndarray:
    """Positions of the ``count`` largest numbers of each row, largest first; the lower position first where equal."""
    return np.argsort(-rows.astype(np.float64), axis=1, kind="stable")[:, :count]


def grid_step(values: np.ndarray) -> float:
    """Step of the grid that all values lie on if they were dequantised from 8 bits, else 0."""
    levels = np.unique(values)
    if values.dtype.kind != "f" or not 2 <= len(levels) <= 256:
        return 0.0
    gap = float(np.diff(levels.astype(np.float64)).min())
    multiples = levels.astype(np.float64) / gap
    return gap if np.abs(multiples - np.rint(multiples)).max() < 0.05 else 0.0


def table(errors: list[OutputError], top: int | None) -> str:
    """The errors as text, one output a line."""
    head = ["output", "max abs error", "of largest", "outside", *([f"top-{top} equal"] if top else []), ""]
    rows = [head] + [_row(error) for error in errors]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return "\n".join("  " + "  ".join(f"{c:<{w}}" for c, w in zip(row, widths)).rstrip() for row in rows)


def _row(error: OutputError) -> list[str]:
    cells = [error.name, f"{error.max_abs:.3g}", f"{error.of_peak:.3g}", f"{error.outside}/{error.elements}"]
    if error.top is not None:
        cells.append(f"{error.top}/{error.cases}")
    return [*cells, "ok" if error.ok else "WRONG"]
