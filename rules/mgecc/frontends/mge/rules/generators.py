"""Data made of sizes."""

from __future__ import annotations

from mgecc.ops.window import OFFSETS

from . import as_written

as_written("Linspace", "Linspace")
as_written("Eye", "Eye", ranges={"k": OFFSETS})
as_written("Diag", "Diag", ranges={"k": OFFSETS})
as_written("Alloc", "Alloc")
