"""Element-wise operators and conversions."""

from __future__ import annotations

from mgecc.graph.attributes import FINITE

from . import as_written

as_written("Elemwise", "Elemwise")
as_written("PowC", "PowC", ranges={"exp": FINITE})
as_written("ElemwiseMultiType", "ElemwiseMultiType")
as_written("TypeCvt", "TypeCvtV2", "TypeCvt")
as_written("FakeQuant", "FakeQuant")
as_written("LSQ", "LSQ")
as_written("TQT", "TQT")
