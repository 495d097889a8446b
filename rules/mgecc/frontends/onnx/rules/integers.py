"""Quotients, remainders and bits of integers; bits of one type read as another."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.frontends.compose import unary
from mgecc.graph import Unsupported
from mgecc.ops.type_cvt import BitCastAttrs

from ..dtypes import dtype_of
from . import OnnxNode, Tensor, TensorBuilder, rule
from .elemwise import binary

for _name, _mode in (("And", "bit_and"), ("Or", "bit_or"), ("Xor", "bit_xor")):
    rule("Elemwise", f"Bitwise{_name}")(binary(_mode))
rule("Elemwise", "BitwiseNot")(unary("bit_not"))


@rule("Elemwise", "Div")
def div(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Of integers toward zero."""
    x, y = node.operand(0), node.operand(1)
    return [t.elemwise("true_div" if x.dtype.is_float else "trunc_div", x, y)]


@rule("Elemwise", "Mod")
def mod(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The remainder with the sign of the divisor, or with that of the dividend where ``fmod`` says so."""
    x, y = node.operand(0), node.operand(1)
    of_dividend = node.get("fmod", 0)
    floats, integers = ("mod", "trunc_mod") if of_dividend else ("floor_mod", "mod")
    return [t.elemwise(floats if x.dtype.is_float else integers, x, y)]


@rule("Elemwise", "BitShift")
def bit_shift(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    modes = {"LEFT": "shl", "RIGHT": "shr"}
    direction = node.require("direction")
    if direction not in modes:
        raise Unsupported(f"a shift to {direction!r} does not exist", "say LEFT or RIGHT")
    return [t.elemwise(modes[direction], node.operand(0), node.operand(1))]


@rule("BitCast", "BitCast")
def bit_cast(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Numbers of 64 bits have 32 when the model runs: their bits must be known."""
    x, dtype = node.operand(0), dtype_of(node.require("to"))
    wide = [d for d in (x.dtype, dtype) if d.is_wide]
    if x.array is None and wide and x.dtype != dtype:
        raise Unsupported(
            f"the bits of {wide[0]} numbers are not kept when the model runs", "use 32-bit types"
        )
    if x.dtype.size != dtype.size:
        raise Unsupported(
            f"the bits of {x.dtype} numbers make no {dtype} ones", "take a type of the same size"
        )
    return [t.one("BitCast", BitCastAttrs(dtype), x, dtype=dtype, shape=x.shape)]
