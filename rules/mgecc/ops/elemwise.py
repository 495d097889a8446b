"""Element-wise operators whose operands all have one type, which the result keeps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.graph import DType, Node, TensorType, Unsupported
from mgecc.ops.elementary import power
from mgecc.ops.elemwise_modes import Mode, find_mode
from mgecc.ops.known import broadcast_shape
from mgecc.ops.quantize import dequantize, quantize, same_unit, saturate
from mgecc.ops.registry import Operator, operator

# Modes that act on stored integers of one unit as on the numbers themselves, without a rounding.
_EXACT = frozenset({"ADD", "SUB", "RELU", "MAX", "MIN", "FUSE_ADD_RELU", "NEGATE", "ABS"})


def kind(dtype: DType) -> str:
    """Which functions an element type allows: 'f'loat (quantised ones too), 'i'nteger or 'b'ool."""
    if dtype.is_float or dtype.is_quantized:
        return "f"
    return "b" if dtype.name == "bool" else "i"


def checked_mode(node: Node, name: str) -> Mode:
    """The mode, checked against the number of operands."""
    mode = find_mode(name)
    if len(node.inputs) != mode.arity:
        raise Unsupported(f"the mode {name} has {mode.arity} operands, not {len(node.inputs)}")
    return mode


def compute(mode: Mode, operands: Sequence[np.ndarray]) -> np.ndarray:
    """The mode's result on plain numbers; floats of 16 bits are computed in 32."""
    dtype = operands[0].dtype
    if dtype == np.float16:
        operands = [x.astype(np.float32) for x in operands]
    with np.errstate(all="ignore"):
        return np.asarray(mode.function(*operands)).astype(dtype)


def _exact(mode: Mode, node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
    dtype = node.output.type.dtype
    wide = [x.astype(np.int64) - v.type.dtype.zero_point for x, v in zip(inputs, node.inputs)]
    return saturate(np.asarray(mode.function(*wide)) + dtype.zero_point, dtype)


def _quantized(mode: Mode, node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
    dtype = node.output.type.dtype
    if mode.name in _EXACT and all(same_unit(v.type.dtype, dtype) for v in node.inputs):
        return _exact(mode, node, inputs)
    real = [dequantize(x, v.type.dtype) for x, v in zip(inputs, node.inputs)]
    return quantize(compute(mode, real), dtype)


def _check_types(mode: Mode, node: Node) -> None:
    types = [v.type.dtype for v in node.inputs]
    if len({t.name for t in types}) != 1:
        raise Unsupported(f"operands have the types {', '.join(map(str, types))}")
    if kind(types[0]) not in mode.kinds:
        raise Unsupported(f"the mode {mode.name} does not exist for {types[0]} operands")


@operator("Elemwise", "Elemwise")
class Elemwise(Operator):
    """The modes of ``elemwise_modes`` with NumPy's broadcasting; quantised data through its real value."""

    limits = (
        "any shapes that broadcast; integers in the modes that MegEngine has for them; no bfloat16, "
        "no complex numbers"
    )

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        mode = checked_mode(node, node.attrs["mode"])
        _check_types(mode, node)
        dtype = node.inputs[0].type.dtype
        if dtype.is_quantized and node.attrs.get("output_dtype") is not None:
            dtype = node.attrs["output_dtype"]
        return [TensorType(broadcast_shape([v.shape for v in node.inputs]), dtype)]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        mode = find_mode(node.attrs["mode"])
        if node.inputs[0].type.dtype.is_quantized:
            return [_quantized(mode, node, inputs)]
        return [compute(mode, inputs)]


@operator("PowC", "PowC")
class PowC(Operator):
    """x to a constant power 'exp'; whole powers of negative numbers exist."""

    limits = "floating point"

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        if not node.inputs[0].type.dtype.is_float:
            raise Unsupported(f"powers of {node.inputs[0].type.dtype} data are not served")
        return [node.inputs[0].type]

    @staticmethod
    def evaluate(node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        with np.errstate(all="ignore"):
            return [power(inputs[0].astype(np.float64), float(node.attrs["exp"]))]
