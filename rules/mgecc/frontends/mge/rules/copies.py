"""Records that hand their input on."""

from __future__ import annotations

from mgecc.graph.attributes import FINITE

from . import as_written

as_written("Identity", "Identity")
as_written("Copy", "Copy")
as_written("MarkDynamicVar", "MarkDynamicVar")
as_written("MarkNoBroadcastElemwise", "MarkNoBroadcastElemwise")
as_written("PersistentOutputStorage", "PersistentOutputStorage")
as_written("VirtualDep", "VirtualDep")
as_written("CheckNonFinite", "CheckNonFinite", ranges={"scale": FINITE})
as_written("Dropout", "Dropout")
