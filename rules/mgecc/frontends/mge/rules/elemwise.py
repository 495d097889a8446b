"""Element-wise operators and conversions."""

from __future__ import annotations

from mgecc.graph.attributes import FINITE
from mgecc.ops.fake_quant import FakeQuantAttrs

from . import Params, as_written, attributes

as_written("Elemwise", "Elemwise")
as_written("PowC", "PowC", ranges={"exp": FINITE})
as_written("ElemwiseMultiType", "ElemwiseMultiType")
as_written("TypeCvt", "TypeCvtV2", "TypeCvt")


@attributes("FakeQuant", "FakeQuant")
@attributes("LSQ", "LSQ")
@attributes("TQT", "TQT")
def quantised_range(params: Params) -> FakeQuantAttrs:
    return FakeQuantAttrs(params["qmin"], params["qmax"])
