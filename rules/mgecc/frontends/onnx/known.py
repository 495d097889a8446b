"""Operators of known integers and bools: the standard's reference evaluator computes them.

Floats are left to the graph builder, which sums in one order on all machines.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mgecc.frontends.build import MAX_FOLDED
from mgecc.frontends.tensors import Tensor, TensorBuilder

from .library import FAULTS, OPSET, onnx
from .node import OnnxNode

_EXACT = "biu"
_RANDOM = (
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
)


def evaluated(node: OnnxNode, proto: Any, t: TensorBuilder) -> list[Tensor] | None:
    """The results of an operator of known integers and bools; None where it has others or cannot be computed."""
    arrays = [x if x is None else x.array for x in node.operands]
    given = [a for x, a in zip(node.operands, arrays) if x is not None]
    if not given or not all(map(_is_exact, given)) or node.op in _RANDOM or proto.domain:
        return None
    results = _run(proto, arrays) if _is_bounded(proto, arrays) else None
    if results is None or not all(map(_is_exact, results)):
        return None
    return [t.constant(np.asarray(r)) for r in results]


def _is_exact(array: object) -> bool:
    """Whether this is known, and of integers or bools."""
    return isinstance(array, np.ndarray | np.generic) and array.dtype.kind in _EXACT


def _names(proto: Any, arrays: list[np.ndarray | None]) -> dict[str, np.ndarray]:
    return {name: a for name, a in zip(proto.input, arrays) if a is not None}


def _is_bounded(proto: Any, arrays: list[np.ndarray | None]) -> bool:
    """Whether the results are known to be small before they are computed."""
    types, data = {}, {}
    for name, array in _names(proto, arrays).items():
        number = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
        types[name] = onnx.helper.make_tensor_type_proto(number, array.shape)
        data[name] = onnx.numpy_helper.from_array(array, name)
    try:
        schema = onnx.defs.get_schema(proto.op_type, OPSET, proto.domain)
        opsets = [onnx.helper.make_opsetid("", OPSET)]
        found = onnx.shape_inference.infer_node_outputs(schema, proto, types, data, opset_imports=opsets)
    except FAULTS:
        return False
    return len(found) > 0 and all(_bytes(type_) <= MAX_FOLDED for type_ in found.values())


def _bytes(type_: Any) -> float:
    shape = type_.tensor_type.shape
    if not type_.tensor_type.HasField("shape") or not all(d.HasField("dim_value") for d in shape.dim):
        return np.inf
    count = 8
    for d in shape.dim:
        count *= d.dim_value
    return count


def _run(proto: Any, arrays: list[np.ndarray | None]) -> list[Any] | None:
    from onnx.reference import ReferenceEvaluator  # takes a second to load

    try:
        with np.errstate(all="ignore"):
            return list(ReferenceEvaluator(proto, opsets={"": OPSET}).run(None, _names(proto, arrays)))
    except FAULTS:
        return None
