"""Records that hand their input on."""

from __future__ import annotations

from mgecc.graph.attributes import FINITE
from mgecc.ops.dropout import DropoutAttrs

from . import Params, as_written, attributes

as_written("Identity", "Identity")
as_written("Copy", "Copy")
as_written("MarkDynamicVar", "MarkDynamicVar")
as_written("MarkNoBroadcastElemwise", "MarkNoBroadcastElemwise")
as_written("PersistentOutputStorage", "PersistentOutputStorage")
as_written("VirtualDep", "VirtualDep")
as_written("CheckNonFinite", "CheckNonFinite", ranges={"scale": FINITE})


@attributes("Dropout", "Dropout")
def dropout(params: Params) -> DropoutAttrs:
    return DropoutAttrs(params["drop_prob"])
