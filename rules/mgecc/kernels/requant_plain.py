"""Epilogues of generic quantised kernels: bias and residual as integers or real numbers, activation, stored type."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from mgecc.graph import DType, Node, Unsupported, Value
from mgecc.kernels.base import Const
from mgecc.kernels.requant import activation, numbers, structure, total_type
from mgecc.kernels.rescale import KINDS, factors
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.ops.quantize import dequantize, same_unit
from mgecc.ops.rescale import greatest, rescale_of

_BYTES = frozenset({"qint8", "quint8", "qint4", "quint4", "int8", "uint8", "int16", "qint16"})


@dataclass(frozen=True)
class Epilogue:
    """``result``: "unit" (the sums themselves), "real", or "rescaled", whose ``act`` is its rule's number;
    ``bias`` and ``z``: "", "unit" or "real".
    """

    node: Node
    total: DType
    result: str
    act: str
    bias: str
    bias_value: Value | None
    z: str
    z_value: Value | None

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """What templates see as ``epilogue``: a bias in the unit of the sums is there for all, if only as zeros."""
        return (self.result, self.act, "" if self.bias == "unit" else self.bias, self.z)

    @property
    def suffix(self) -> str:
        if self.is_rescaled:
            bits = "" if self.act != "wide" else f"{self.bits}b64" if self.has_wide_bias else str(self.bits)
            return f"rescale{self.act}{bits}"
        words = [
            self.result,
            f"bias{self.bias}" if self.bias == "real" else "",
            f"add{self.z}{letters(ctype(self.z_value))}" if self.z_value else "",
        ]
        words.append("" if self.act == "identity" else self.act.replace("_", ""))
        return "_".join(w for w in words if w)

    @property
    def is_rescaled(self) -> bool:
        return self.result == "rescaled"

    @property
    def bits(self) -> int:
        """Of the sums: those of a wide rule that constant weights keep small enough need no more than others."""
        if self.act != "wide":
            return 32
        bound = _greatest_sum(self.node)
        return 32 if bound is not None and bound < 1 << 31 else 64

    @property
    def has_wide_bias(self) -> bool:
        """Whether the bias is constants of 64 bits."""
        return self.bias_value is not None and self.bias_value.type.dtype.size == 8

    @property
    def bias_type(self) -> str:
        """C type of the bias."""
        return "float" if self.bias == "real" else "int64_t" if self.has_wide_bias else "int32_t"

    @property
    def header(self) -> str:
        """Of ``simd``, with what the kernels end with."""
        rescaled = "rescale_wide" if self.act == "wide" else "rescale_one"
        return rescaled if self.is_rescaled else "requant"

    @property
    def factor_operand(self) -> list[tuple[str, str]]:
        """The operand with the factors of channels, if there is one."""
        return [("factors", "const int32_t *")] if self.is_rescaled else []

    def factors(self, channels: int) -> list[Const]:
        """What stands for it: (factor, shift) of each channel."""
        return [Const(partial(factors, self.node, channels, channels, 1))] if self.is_rescaled else []

    def bias_array(self, channels: int) -> np.ndarray:
        """One number per channel: int32 in the unit of the sums, or float32 real ones."""
        if self.bias_value is None or self.bias_value.const is None:
            return np.zeros(channels, np.int32)
        kind, stored = self.bias_value.type.dtype, self.bias_value.const.reshape(-1)
        if self.bias == "real":
            return dequantize(stored, kind) if kind.is_quantized else stored.astype(np.float32)
        return (stored.astype(np.int64) - kind.zero_point).astype(
            np.int64 if self.has_wide_bias else np.int32
        )

    def numbers(self, x: Value, w: Value) -> np.ndarray:
        """The array q: that of requant.py, with the zero points of data and weights behind it."""
        product = isinstance(self.node.attrs, MatrixMulAttrs)
        direct = product and self.act == "identity" and "real" not in (self.bias, self.z)
        first = numbers(self.node, self.z_value, x.type.dtype.zero_point, direct)[:8]
        if self.result == "unit":
            first[2] = 0 if activation(self.node) == "relu" else np.iinfo(np.int32).min
        return np.append(first, np.float32(w.type.dtype.zero_point))


def ctype(value: Value) -> str:
    """C type of the stored numbers."""
    return f"{value.type.dtype.numpy.name}_t"


def letters(*ctypes: str) -> str:
    """Integer types in a kernel's symbol: s8_u8."""
    return "_".join(t.replace("uint", "u").replace("int", "s").removesuffix("_t") for t in ctypes)


def are_bytes(*values: Value) -> bool:
    """Whether plain kernels read these: stored integers of at most 16 bits."""
    return all(v.type.dtype.name in _BYTES and v.type.block == 1 for v in values)


def epilogue_of(
    node: Node, bias: Value | None, z: Value | None, operands: tuple[int, int] = (0, 1)
) -> Epilogue:
    """The node's epilogue; Unsupported for terms and results that plain kernels do not know."""
    total, result = total_type(node, operands), node.output.type.dtype
    rescale = rescale_of(node)
    if rescale is not None:
        rule = str(KINDS.get(rescale.rounding, rescale.rounding))
        return Epilogue(node, total, "rescaled", rule, "unit" if bias else "", bias, "", None)
    if z is not None and z.is_const:
        raise Unsupported("the residual is a constant", "add it by an operator of its own")
    kinds = [("" if v is None else "unit" if same_unit(v.type.dtype, total) else "real") for v in (bias, z)]
    act = structure(node)
    if "real" not in kinds and act == "identity" and same_unit(result, total):
        return Epilogue(node, total, "unit", act, kinds[0], bias, kinds[1], z)
    if not result.is_quantized or not total.is_quantized:
        raise Unsupported(f"sums of type {total} become {result}", "convert by an operator of its own")
    return Epilogue(node, total, "real", act, kinds[0], bias, kinds[1], z)


def _greatest_sum(node: Node) -> int | None:
    """Bound of the sums' sizes with their bias, by the sizes of constant weights; None for computed ones."""
    w = node.inputs[1]
    if w.const is None or w.type.dtype.zero_point:
        return None
    by_rows = not isinstance(node.attrs, MatrixMulAttrs) or node.attrs.transpose_b
    rows = np.abs(w.const.astype(np.int64) if by_rows else w.const.astype(np.int64).T)
    bias = sum(greatest(v.const) for v in node.inputs[2:3] if v.const is not None)
    return int(rows.reshape(len(rows), -1).sum(axis=1).max() << 15) + bias
