"""Choice of elements by masks."""

from __future__ import annotations

from mgecc.graph.attributes import FINITE, NATURAL

from . import as_written

as_written("CondTake", "CondTake")
as_written("NonZero", "NonZero")
as_written("Where", "Where")
as_written("MaskedFill", "MaskedFill")
as_written("NMSKeep", "NMSKeepMGB", "NMSKeep", ranges={"iou_thresh": FINITE, "max_output": NATURAL})
