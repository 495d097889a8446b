"""Records that hand their input on."""

from __future__ import annotations

from mgecc.graph.attributes import NoAttrs
from mgecc.ops.copies import CheckNonFiniteAttrs
from mgecc.ops.dropout import DropoutAttrs

from . import Params, attributes


@attributes("Identity", "Identity")
@attributes("Copy", "Copy")
@attributes("MarkDynamicVar", "MarkDynamicVar")
@attributes("MarkNoBroadcastElemwise", "MarkNoBroadcastElemwise")
@attributes("PersistentOutputStorage", "PersistentOutputStorage")
@attributes("VirtualDep", "VirtualDep")
def same(params: Params) -> NoAttrs:
    return NoAttrs()


@attributes("CheckNonFinite", "CheckNonFinite")
def check_non_finite(params: Params) -> CheckNonFiniteAttrs:
    return CheckNonFiniteAttrs(params["scale"])


@attributes("Dropout", "Dropout")
def dropout(params: Params) -> DropoutAttrs:
    return DropoutAttrs(params["drop_prob"])
