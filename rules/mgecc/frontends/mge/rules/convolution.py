"""Convolutions and their relatives: weights for cross-correlation, those of all groups along one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mgecc.frontends.build import GraphBuilder
from mgecc.graph import Unsupported, Value
from mgecc.graph.attributes import named
from mgecc.ops.convolution import BatchConvBiasAttrs, ConvBiasAttrs, ConvolutionAttrs, FilterAttrs
from mgecc.ops.convolution3d import Convolution3DAttrs
from mgecc.ops.correlation import CorrelationAttrs

from ..formats import layout_of, result_layout, weights_layout
from ..layouts import plain, plain_weights, reshaped, stored_as, turned
from ..model import Record
from ..parameters import activation, moves, parameters
from . import Params, attributes, record

_TURNED = {"CROSS_CORRELATION": False, "CONVOLUTION": True}


@record("ConvBias", "ConvBiasForward", "ConvBiasForwardV4", "ConvBiasForwardV3")
def conv_bias(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    p = parameters(record)
    attrs = ConvBiasAttrs(**named(_attrs(p)), activation=activation(p))
    return _convolved("ConvBias", attrs, p, inputs, build)


@record("Convolution", "Convolution", "ConvolutionV2", "ConvolutionV1")
def convolution(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    p = parameters(record)
    return _convolved("Convolution", _attrs(p), p, inputs, build)


@record("RegionRestrictedConvolution", "RegionRestrictedConvolution")
def region_restricted(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    return _by_plain_weights("RegionRestrictedConvolution", 1, parameters(record), inputs, build)


@record("DeformableConv", "DeformableConvForward", "DeformableConvForwardV1")
def deformable(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    return _by_plain_weights("DeformableConv", 1, parameters(record), inputs, build)


@record("ConvolutionBackwardData", "ConvolutionBackwardData", "ConvolutionBackwardDataV2")
def transposed(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    return _by_plain_weights("ConvolutionBackwardData", 0, parameters(record), inputs, build)


@record("Convolution3D", "Convolution3D")
def convolution3d(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    return _of_volumes("Convolution3D", 1, parameters(record), inputs, build)


@record("Convolution3DBackwardData", "Convolution3DBackwardData")
def transposed3d(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    return _of_volumes("Convolution3DBackwardData", 0, parameters(record), inputs, build)


@record("BatchConvBias", "BatchConvBiasForward", "BatchConvBiasForwardV1")
def batch_conv_bias(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    """Weights of batch items lie as those of groups do."""
    p = parameters(record)
    attrs = BatchConvBiasAttrs(**_moves(p), activation=activation(p))
    build.check("BatchConvBias", attrs, inputs)
    if p["sparse"] != "DENSE":
        raise Unsupported("grouped weights per batch item are not supported")
    x, *terms = _plain(build, p["format"], inputs)
    own = _correlating(build, plain_weights(build, inputs[1], p["format"], "GROUP"), p)
    (y,) = build.add("BatchConvBias", attrs, [x, own, *terms])
    return [stored_as(build, y, p["format"], layout_of(p["format"], inputs[0].type.rank))]


@record("Local", "LocalV2", "LocalV1", "Local")
def local(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    return _local("Local", False, parameters(record), inputs, build)


@record("GroupLocal", "GroupLocalV2", "GroupLocalV1", "GroupLocal")
def group_local(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    return _local("GroupLocal", True, parameters(record), inputs, build)


@record("LocalShare", "LocalShareForward", "LocalShareForwardV1")
def local_share(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    p = parameters(record)
    return _local("LocalShare", p["sparse"] == "GROUP", p, inputs, build)


@attributes("Correlation", "CorrelationForward", "Correlation")
def correlation(params: Params) -> CorrelationAttrs:
    _require("NCHW", params, "correlation")
    return CorrelationAttrs(
        window=params["kernel_size"],
        stride=params["stride1"],
        padding=params["pad_size"],
        reach=params["max_displacement"],
        reach_step=params["stride2"],
        mode="product" if params["is_multiply"] else "difference",
    )


def _convolved(
    op: str, attrs: ConvolutionAttrs, p: Params, inputs: Sequence[Value], build: GraphBuilder
) -> Sequence[Value]:
    """In plain layout, whatever those of the record are."""
    build.check(op, attrs, inputs)
    w, (x, *terms) = inputs[1], _plain(build, p["format"], inputs)
    weights, groups = _grouped(build, plain_weights(build, w, p["format"], p["sparse"]), p)
    (y,) = build.add(op, replace(attrs, groups=groups), [x, weights, *terms])
    stored = weights_layout(p["format"], p["sparse"], w.type.rank)
    return [stored_as(build, y, p["format"], result_layout(p["format"], inputs[0].type.rank, stored))]


def _by_plain_weights(
    op: str, position: int, p: Params, inputs: Sequence[Value], build: GraphBuilder
) -> Sequence[Value]:
    """A node whose data is NCHW and whose weights are the operand at ``position``."""
    attrs, operands = _attrs(p), list(inputs)
    build.check(op, attrs, operands)
    _require("NCHW", p, op)
    weights = plain_weights(build, operands[position], "NCHW", p["sparse"])
    operands[position], groups = _grouped(build, weights, p)
    return build.add(op, replace(attrs, groups=groups), operands)


def _of_volumes(
    op: str, position: int, p: Params, inputs: Sequence[Value], build: GraphBuilder
) -> Sequence[Value]:
    """Of data NCDHW, by the weights at ``position``."""
    attrs, operands = Convolution3DAttrs(**_moves(p, "dhw")), list(inputs)
    build.check(op, attrs, operands)
    _require("NCDHW", p, "3-D convolution")
    weights, ranks = operands[position], {"DENSE": 5, "GROUP": 6}
    if weights.type.rank != ranks.get(p["sparse"]):
        raise Unsupported(
            f"{p['sparse']} weights of shape {list(weights.shape)} do not fit a 3-D convolution"
        )
    operands[position], groups = _grouped(build, weights, p, 3)
    return build.add(op, replace(attrs, groups=groups), operands)


def _local(
    op: str, grouped: bool, p: Params, inputs: Sequence[Value], build: GraphBuilder
) -> Sequence[Value]:
    attrs = FilterAttrs(**_moves(p))
    build.check(op, attrs, inputs)
    _require("NCHW", p, "local convolution")
    x, w = inputs
    if w.type.rank != 6 + grouped:
        raise Unsupported(f"weights of shape {list(w.shape)} do not fit a local convolution")
    return build.add(op, attrs, [x, _correlating(build, w, p, (-3, -2))])


def _attrs(p: Params) -> ConvolutionAttrs:
    return ConvolutionAttrs(**_moves(p), wide_sums=p["compute_mode"] == "FLOAT32")


def _moves(p: Params, axes: str = "hw") -> Params:
    return {**moves(p, axes), "output_dtype": p["output_dtype"]}


def _plain(build: GraphBuilder, data_format: str, inputs: Sequence[Value]) -> list[Value]:
    """Data and terms in plain layout, without the weights between them; a term may be an empty constant."""
    data = plain(build, inputs[0], data_format)
    return [data, *(plain(build, v, data_format) if v.type.elements else v for v in inputs[2:])]


def _grouped(build: GraphBuilder, weights: Value, p: Params, rank: int = 2) -> tuple[Value, int]:
    """Weights of all groups along one axis, for cross-correlation, and how many groups."""
    weights = _correlating(build, weights, p, tuple(range(-rank, 0)))
    if p["sparse"] != "GROUP":
        return weights, 1
    groups, each, *rest = weights.shape
    return reshaped(build, weights, (groups * each, *rest)), groups


def _correlating(build: GraphBuilder, weights: Value, p: Params, axes: Sequence[int] = (-2, -1)) -> Value:
    """Weights whose taps lie along ``axes`` as cross-correlation reads them."""
    if p["mode"] not in _TURNED:
        raise Unsupported(f"the convolution mode {p['mode']} is not known")
    if not _TURNED[p["mode"]]:
        return weights
    return turned(build, weights, [axis % weights.type.rank for axis in axes])


def _require(data_format: str, p: Params, what: str) -> None:
    if p["format"] != data_format:
        raise Unsupported(f"{what} in the layout {p['format']} is not supported", f"use {data_format}")
