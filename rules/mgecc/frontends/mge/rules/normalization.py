"""Normalisations and softmax."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.frontends.build import GraphBuilder
from mgecc.graph import Unsupported, Value
from mgecc.ops.normalization import (
    GeneralNormAttrs,
    GroupNormAttrs,
    LayerNormAttrs,
    LRNAttrs,
    NormAttrs,
    SoftmaxAttrs,
)

from ..layouts import add_plain
from ..model import Record
from . import Params, attributes, record


@attributes("BatchNorm", "BatchNormV1", "BatchNorm")
def batch_norm(params: Params) -> NormAttrs:
    if params["fwd_mode"] != "INFERENCE":
        why = "batch normalisation was traced in training mode"
        raise Unsupported(why, "call model.eval() before tracing")
    return NormAttrs(params["epsilon"])


def _check(op: str, attrs: NormAttrs, record: Record, inputs: Sequence[Value], build: GraphBuilder) -> None:
    """Unsupported unless operands are the operator's, with a factor and a term where the record says so."""
    build.check(op, attrs, inputs)
    affine = record.params["affine"]
    if len(inputs) != (3 if affine else 1):
        raise Unsupported(f"{len(inputs)} inputs do not fit affine = {affine}")


@record("LayerNorm", "LayerNorm")
def layer_norm(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    attrs = LayerNormAttrs(record.params["eps"], record.params["normalized_dim"])
    _check("LayerNorm", attrs, record, inputs, build)
    return build.add("LayerNorm", attrs, inputs)


@record("GeneralNorm", "GeneralNorm")
def general_norm(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    params = record.params
    attrs = GeneralNormAttrs(params["eps"], params["axis_start"], params["axis_end"])
    _check("GeneralNorm", attrs, record, inputs, build)
    return build.add("GeneralNorm", attrs, inputs)


@record("GroupNorm", "GroupNorm")
def group_norm(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    attrs = GroupNormAttrs(record.params["eps"], record.params["group"])
    return _over_groups("GroupNorm", attrs, record, inputs, build)


@record("InstanceNorm", "InstanceNorm")
def instance_norm(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    """Its number of groups is not used."""
    return _over_groups("InstanceNorm", NormAttrs(record.params["eps"]), record, inputs, build)


def _over_groups(
    op: str, attrs: NormAttrs, record: Record, inputs: Sequence[Value], build: GraphBuilder
) -> Sequence[Value]:
    _check(op, attrs, record, inputs, build)
    return add_plain(build, op, attrs, inputs, record.params["format"])


@attributes("LRN", "LRN")
def local_response_norm(params: Params) -> LRNAttrs:
    return LRNAttrs(params["n"], params["k"], params["alpha"], params["beta"])


@attributes("Softmax", "Softmax")
def softmax(params: Params) -> SoftmaxAttrs:
    return SoftmaxAttrs(params["axis"])
