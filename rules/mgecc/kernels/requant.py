"""Epilogue of quantised kernels: from int32 accumulators to stored results, bias, residual and activation included.

Requantisation by scales is that of Jacob et al. 2018 (arXiv:1712.05877), 2.2; simd/requant.h has the code.
"""

from __future__ import annotations

import numpy as np

from mgecc.graph import DType, Node, Unsupported, Value
from mgecc.kernels import rescale as rescaling
from mgecc.kernels.base import Param
from mgecc.kernels.fixed import USUAL, Fixed, fixed_factor, real_factors
from mgecc.ops.activation import of_node
from mgecc.ops.arithmetic import product_type
from mgecc.ops.quantize import same_unit, scale_of
from mgecc.ops.rescale import rescale_of
from mgecc.targets import Target

BYTES = {"qint8": "s8", "quint8": "u8"}
_EXACT = ("identity", "relu", "hsigmoid", "h_swish")


def activation(node: Node) -> str:
    """The activation that ends the node; Unsupported if its quantised form would not be the same on every machine."""
    kind = of_node(node.attrs)
    if kind[0] not in _EXACT:
        raise Unsupported(
            f"the activation {kind[0]} has no quantised kernel", "apply it as an operator of its own"
        )
    return str(kind[0])


def structure(node: Node) -> str:
    """The activation as far as it shapes the code: relu is a limit among the numbers."""
    kind = activation(node)
    return "identity" if kind == "relu" else kind


def suffix(kind: str) -> str:
    """Part of a kernel's symbol for an activation."""
    return "" if kind == "identity" else f"_{kind.replace('_', '')}"


def total_type(node: Node, operands: tuple[int, int] = (0, 1)) -> DType:
    """Element type of the node's sums of products."""
    return product_type(*(node.inputs[i].type.dtype for i in operands))


def _limits(node: Node) -> tuple[int, int]:
    """Least and largest result, from the zero point."""
    out = node.output.type.dtype
    low, high = (bound - out.zero_point for bound in out.range)
    return (max(low, 0) if activation(node) == "relu" else low), high


def _factors(node: Node, direct: bool) -> tuple[np.float32, np.float32]:
    total, out = scale_of(total_type(node)), scale_of(node.output.type.dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # scales of hostile files need not make sense together
        return (total / out, np.float32(1)) if direct else (total, np.float32(1) / out)


def numbers(node: Node, z: Value | None = None, pad: int = 0, direct: bool = False) -> np.ndarray:
    """The array that kernels call q: see mg_requant, and in place 7 the byte that stands for zero outside the data.

    Of a node with a ``Rescale``, see mgecc.kernels.rescale.

    ``direct``: sums become stored numbers by one factor, as a matrix product's do (mgecc.ops.arithmetic.finish).
    """
    out, rescale = node.output.type.dtype, rescale_of(node)
    if rescale is not None:
        return rescaling.limits(rescale, out, pad)
    z_type = DType("qint8", 1.0) if z is None else z.type.dtype
    values = (
        *_factors(node, direct),
        *_limits(node),
        scale_of(z_type),
        out.zero_point,
        z_type.zero_point,
        pad,
    )
    fixed = fixed_of(node, z, direct)
    integers = np.array([fixed[0]], np.int32).view(np.float32) if fixed else np.zeros(1, np.float32)
    rest = np.array([fixed[1] if fixed else 0, *(reals_of(node, z, direct) or (0,))][:2], np.float32)
    return np.concatenate([np.array(values, np.float32), integers, rest])


def _is_short(node: Node, z: Value | None) -> bool:
    """Whether there may be a shorter way from sums to results: bytes, with a zero point only if they have no sign."""
    out = node.output.type.dtype
    has_zero = out.name == "qint8" and bool(out.zero_point)
    return out.name in BYTES and z is None and structure(node) == "identity" and not has_zero


def fixed_of(node: Node, z: Value | None = None, direct: bool = False) -> Fixed | None:
    """Factor and shift by which integers alone give the node's results (mgecc.kernels.fixed); None if none do."""
    signed = node.output.type.dtype.name == "qint8"
    return fixed_factor(*_factors(node, direct), *_limits(node), not signed) if _is_short(node, z) else None


def reals_of(node: Node, z: Value | None = None, direct: bool = False) -> tuple[np.float32, ...]:
    """The factors whose product's nearest integers are the node's results (mgecc.kernels.fixed); none if none are."""
    return real_factors(*_factors(node, direct), *_limits(node)) if _is_short(node, z) else ()


def _requantisation(node: Node, target: Target, z: Value | None) -> int:
    """How kernels for the target requantise: 0 by all steps of the reference semantics; "fixed" 1 in integers, 2 the
    same with the usual shift; "nearest" 3 to the nearest integer of one product, 4 of two; "integer" 5 in
    integers if numbers allow."""
    way = target.facts.int8.requant
    if way == "nearest" and target.block_of("qint8") == target.lanes:
        return (0, 3, 4)[len(reals_of(node, z))]
    if way == "integer":
        return 5 if _is_short(node, z) else 0
    fixed = fixed_of(node, z) if way == "fixed" else None
    return 0 if fixed is None else 2 if fixed[1] == USUAL else 1


def epilogue_params(node: Node, target: Target, z: Value | None) -> dict[str, Param]:
    """The epilogue, as templates see it: ``act``, ``fixed``, ``unsigned``, ``z``, the letters of its type, and
    ``rescale``, see mgecc.kernels.rescale, beside which the others say nothing.
    """
    kind = rescaling.kind_of(node)
    if kind:
        return {"act": "identity", "fixed": 0, "unsigned": 0, "z": "", "rescale": kind}
    unsigned = int(BYTES[node.output.type.dtype.name] == "u8")
    letters = BYTES[z.type.dtype.name] if z is not None else ""
    return {
        "act": structure(node),
        "fixed": _requantisation(node, target, z),
        "unsigned": unsigned,
        "z": letters,
        "rescale": 0,
    }


def with_known_factor(node: Node, z: Value | None, epilogue: dict[str, Param]) -> dict[str, Param]:
    """The epilogue of kernels whose code may depend on whether integers alone give the results: ``fixed`` 6 then for
    stored numbers of 0 to 127, 7 for all with sign."""
    known = epilogue["fixed"] in (1, 2, 5) and not epilogue["unsigned"] and fixed_of(node, z) is not None
    return epilogue | {"fixed": 6 if _limits(node)[0] == 0 else 7} if known else epilogue


def rescale_operand(epilogue: dict[str, Param]) -> list[tuple[str, str]]:
    """The operand with the factors of channels, of kernels with this epilogue."""
    return [("factors", "const int32_t *")] if epilogue["rescale"] else []


_SUFFIXES: dict[Param, str] = {
    0: "",
    1: "_fix",
    2: "_fix3",
    3: "_one",
    4: "_two",
    5: "_int",
    6: "_pos",
    7: "_signed",
}


def epilogue_suffix(epilogue: dict[str, Param]) -> str:
    """Part of a kernel's symbol for what ``epilogue_params`` gives."""
    if epilogue["rescale"]:
        return f"_rescale{epilogue['rescale']}"
    words = f"_add{epilogue['z']}" if epilogue["z"] else ""
    words += ("_u8" if epilogue["unsigned"] else "") + _SUFFIXES[epilogue["fixed"]]
    return words + suffix(str(epilogue["act"]))


def has_dot(target: Target) -> bool:
    """Whether the processor sums products of four bytes in one instruction."""
    return target.facts.int8.dot


def products(target: Target) -> str:
    """The header of ``simd`` with products of bytes for this target."""
    return "int8_dot" if has_dot(target) else "int8"


def input_offset(target: Target) -> int:
    """What the target's products add to every input (128 for VPDPBUSD, whose inputs are unsigned): its product with the
    weights comes off the bias."""
    return target.facts.int8.input_offset


def order_weights(w: np.ndarray, target: Target) -> np.ndarray:
    """Weights (..., vector of outputs, four inputs) in the order in which the target's products read them (int8.h)."""
    lanes, order = target.lanes, target.facts.int8.weight_order
    assert w.shape[-2:] == (lanes, 4)
    if order == "inputs":
        return np.asarray(w.swapaxes(-1, -2))
    return w if order == "outputs" else w.reshape(*w.shape[:-2], lanes, 2, 2).swapaxes(-2, -3)


def is_unit_bias(node: Node, value: Value) -> bool:
    """Whether a constant counts the same steps as the node's sums, so that it is added to them as an integer."""
    rescaled = rescale_of(node) is not None
    return value.is_const and (rescaled or same_unit(value.type.dtype, total_type(node)))
