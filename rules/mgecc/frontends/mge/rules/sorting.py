"""Extremes, order, reductions."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.frontends.build import GraphBuilder
from mgecc.graph import DType, Value
from mgecc.ops.cumulative import CumulativeAttrs
from mgecc.ops.reduce import ReduceAttrs
from mgecc.ops.sorting import ArgReduceAttrs, ArgsortAttrs, TopKAttrs

from ..model import Record
from ..parameters import word
from . import Params, attributes, record


@attributes("Argsort", "Argsort")
def argsort(params: Params) -> ArgsortAttrs:
    return ArgsortAttrs(word(params["order"]))


@attributes("TopK", "TopK")
def top_k(params: Params) -> TopKAttrs:
    """All modes give sorted elements, also the one that does not ask for it."""
    return TopKAttrs(params["mode"] == "KTH_ONLY")


@attributes("Argmax", "Argmax")
@attributes("Argmin", "Argmin")
def extreme_position(params: Params) -> ArgReduceAttrs:
    return ArgReduceAttrs(params["axis"])


@attributes("Cumsum", "CumsumV1", "Cumsum")
def cumulative_sum(params: Params) -> CumulativeAttrs:
    return CumulativeAttrs(params["axis"], params["exclusive"], params["reverse"])


_NO_AXIS = 2147483647
_REDUCTIONS = {
    "SUM": "sum",
    "SUM_SQR": "sum_squares",
    "PRODUCT": "product",
    "MIN": "min",
    "MAX": "max",
    "MEAN": "mean",
}
_RESULTS = {"FLOAT_IO16xC32": "float16", "FLOAT_O16xC32": "float16", "FLOAT_O32xC32": "float32"}
_INTEGER_SUMS = ("QUINT_I8xO32", "QINT_I8xO32")


def _result_type(stated: str, source: DType) -> DType | None:
    if stated in _INTEGER_SUMS:
        return DType("qint32", source.scale) if source.is_quantized else DType("int32")
    return DType(_RESULTS[stated]) if stated in _RESULTS else None


@record("Reduce", "ReduceV2", "Reduce")
def reduction(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    mode, axis = record.params["mode"], record.params["axis"]
    kept = _result_type(record.params["data_type"], inputs[0].type.dtype) if inputs else None
    attrs = ReduceAttrs(_REDUCTIONS.get(mode, mode), None if axis == _NO_AXIS else axis, kept)
    return build.add("Reduce", attrs, inputs)
