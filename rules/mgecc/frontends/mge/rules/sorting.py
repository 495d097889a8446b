"""Extremes, order, reductions."""

from __future__ import annotations

from . import as_written

as_written("Argmax", "Argmax")
as_written("Argmin", "Argmin")
as_written("Argsort", "Argsort")
as_written("TopK", "TopK")
as_written("Reduce", "ReduceV2", "Reduce")
as_written("Cumsum", "CumsumV1", "Cumsum")
