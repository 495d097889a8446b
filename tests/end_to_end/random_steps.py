"""Steps of random graphs: how each operator is given random operands and attributes."""

from __future__ import annotations

from typing import Any

import numpy as np
from mgecc.graph import DType, Value
from random_graphs import BOOL, F16, F32, I32, QUANTISED, Made, Pick, step

FLOATS = ("float32", "float16")
INTEGERS = ("int32", "int16", "int8", "uint8")
BYTES = ("qint8", "quint8")
SMOOTH = ("relu", "abs", "negate", "tanh", "sigmoid", "h_swish", "silu", "gelu", "relu6", "hsigmoid",
          "softplus", "erf", "fast_tanh", "square", "logsigmoid")  # fmt: skip
# A small error of a large number is a large one of its sine.
JUMPS = ("round", "floor", "ceil", "sign", "sin", "cos")


def _geometry(pick: Pick) -> tuple[dict[str, Any], tuple[int, int]]:
    kernel = pick.one(((1, 1), (3, 3), (3, 3), (2, 3), (5, 5), (1, 4), (7, 1)))
    forms = []
    for size in kernel:
        stride, dilation = pick.one((1, 1, 2, 3)), pick.one((1, 1, 1, 2))
        pad = pick.number(0, size // 2 + 1)
        forms.append((stride, dilation, (pad, pad)))
    return dict(zip(("stride", "dilation", "padding"), zip(*forms))), kernel


def _weights(pick: Pick, attrs: dict[str, Any], channels: int) -> tuple[int, int]:
    """(outputs of all groups, inputs of one) in front of the window; the groups become an attribute."""
    attrs["groups"] = groups = pick.one([g for g in (1, 1, 2, 3, channels) if channels % g == 0])
    outputs = 1 if groups == channels else pick.one((1, 2, 4, 7, 8, 13))
    return groups * outputs, channels // groups


@step(3)
def convolution(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32", rank=4)
    if x is None:
        return None
    attrs, kernel = _geometry(pick)
    front = _weights(pick, attrs, x.shape[1])
    inputs = [x, made.const((*front, *kernel))]
    if pick.one((False, False, False, True)):
        inputs[1] = made.input(inputs[1].shape, F32)
    if pick.flag():
        attrs["activation"] = (pick.one(("identity", "relu", "sigmoid", "h_swish")),)
        return made.add("ConvBias", [*inputs, made.const((1, front[0], 1, 1))], False, **attrs)
    return made.add("Convolution", inputs, False, **attrs)


@step(2)
def quantised_convolution(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, *BYTES, rank=4)
    if x is None:
        return None
    attrs, kernel = _geometry(pick)
    front = _weights(pick, attrs, x.shape[1])
    kind = x.type.dtype
    w = made.const((*front, *kernel), DType(kind.name, 0.02, 120 if kind.name == "quint8" else 0))
    sums = DType("qint32", float(np.float32(kind.scale) * np.float32(0.02)))
    bias = made.const((), sums, made.rng.integers(-3000, 3000, (1, front[0], 1, 1)))
    attrs |= {
        "activation": (pick.one(("identity", "relu", "h_swish")),),
        "output_dtype": DType(kind.name, 0.2, kind.zero_point),
    }
    return made.add("ConvBias", [x, w, bias], **attrs)


@step()
def transposed_convolution(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32", rank=4)
    if x is None:
        return None
    attrs, kernel = _geometry(pick)
    groups = pick.one([g for g in (1, 1, 2, x.shape[1]) if x.shape[1] % g == 0])
    attrs |= {"groups": groups, "padding": ((0, 0), (0, 0))}
    weights = made.const((x.shape[1], pick.number(1, 5), *kernel))
    return made.add("ConvolutionBackwardData", [weights, x], False, **attrs)


@step(2)
def pooling(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32", *BYTES, rank=4)
    if x is None:
        return None
    mode, inside = pick.one((("max", False), ("average", False), ("average", True)))
    forms = []
    for _ in "hw":
        size = pick.number(1, 4)
        stride, pad = pick.number(1, 4), pick.number(0, size - 1)
        forms.append((size, stride, (pad, pad)))
    window, strides, padding = zip(*forms)
    attrs = {"window": window, "stride": strides, "padding": padding, "count_padding": not inside}
    return made.add("Pooling", [x], mode == "max" or x.type.dtype.is_quantized, mode=mode, **attrs)


@step()
def adaptive_pooling(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32", rank=4)
    if x is None:
        return None
    mode, size = pick.one(("max", "average")), made.sizes(pick.number(1, 4), pick.number(1, 4))
    return made.add("AdaptivePooling", [x, size], mode == "max", mode=mode)


@step(3)
def unary(made: Made, pick: Pick) -> Value | None:
    jumps = pick.one((False, False, True))
    x = made.find(pick, *FLOATS, exact=jumps)
    return (
        x and made.add("Elemwise", [x], jumps or None, mode=pick.one(JUMPS if jumps else SMOOTH))
        if jumps
        else (x and _rounded(made, x, pick.one(SMOOTH)))
    )


def _rounded(made: Made, x: Value, mode: str) -> Value | None:
    return made.add("Elemwise", [x], mode in ("relu", "abs", "negate", "relu6"), mode=mode)


def _partner(made: Made, pick: Pick, x: Value, exact: bool = False) -> Value:
    """A second operand of the same type that broadcasts with ``x``: a value, or a constant."""

    def fits(v: Value) -> bool:
        pairs = zip(v.shape[::-1], x.shape[::-1])
        return v.type.dtype == x.type.dtype and all(a == b or 1 in (a, b) for a, b in pairs)

    found = made.find(pick, test=fits, exact=exact) if pick.flag() else None
    shape = [n if pick.flag() else 1 for n in x.shape][pick.number(0, x.type.rank - 1) :]
    return found or made.const(shape, x.type.dtype)


@step(4)
def binary(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, *FLOATS)
    if x is None:
        return None
    pair = [x, _partner(made, pick, x)]
    mode = pick.one(("add", "sub", "mul", "max", "min", "add_relu", "add_sigmoid", "prelu"))
    return made.add("Elemwise", pair[::-1] if pick.flag() else pair, mode in ("max", "min"), mode=mode)


@step(2)
def integer(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, *INTEGERS)
    if x is None:
        return None
    mode = pick.one(("add", "sub", "mul", "max", "min", "lt", "eq", "abs", "negate", "relu"))
    inputs = [x] if mode in ("abs", "negate", "relu") else [x, _partner(made, pick, x)]
    return made.add("Elemwise", inputs, mode=mode)


@step()
def shifted(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "int32", "int16", "int8")
    if x is None:
        return None
    count = made.const((), DType("int8"), np.array([pick.number(0, 6)], np.int8))
    bits = 8 if x.type.dtype.name == "int8" else pick.one((8, 16))
    return made.add("ElemwiseMultiType", [x, count], mode="round_shr", output_dtype=DType(f"int{bits}"))


@step()
def logical(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "bool")
    if x is None:
        return None
    mode = pick.one(("and", "or", "xor", "not"))
    return made.add("Elemwise", [x] if mode == "not" else [x, _partner(made, pick, x)], mode=mode)


@step()
def compared(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, *FLOATS, *INTEGERS, exact=True)
    mode = pick.one(("lt", "leq", "eq", "neq"))
    return x and made.add(
        "ElemwiseMultiType", [x, _partner(made, pick, x, True)], mode=mode, output_dtype=BOOL
    )


@step()
def where(made: Made, pick: Pick) -> Value | None:
    mask = made.find(pick, "bool")
    if mask is None:
        return None
    x = made.find(pick, "float32", *INTEGERS, test=lambda v: v.shape == mask.shape)
    return x and made.add("Where", [mask, x, made.const(x.shape, x.type.dtype)])


@step(2)
def converted(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, exact=True)
    kind = pick.one((F32, F32, F16, I32, DType("int8"), BOOL, *QUANTISED, QUANTISED[0]))
    if x is None or (x.type.dtype.is_quantized and not (kind.is_quantized or kind is F32)):
        return None
    if kind.name == "bool" and x.type.dtype.is_float:
        return None
    return made.add("TypeCvt", [x], dtype=kind)


@step(2)
def quantised_elemwise(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, *BYTES)
    if x is None:
        return None
    mode = pick.one(("add", "mul", "sub", "add_relu", "max", "relu", "tanh", "h_swish", "abs", "sigmoid"))
    single = mode in ("relu", "tanh", "h_swish", "abs", "sigmoid")
    inputs = [x] if single else [x, _partner(made, pick, x)]
    return made.add(
        "ElemwiseMultiType",
        inputs,
        mode=mode,
        output_dtype=DType(x.type.dtype.name, 0.07, x.type.dtype.zero_point),
    )


@step(2)
def power(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32")
    return x and made.add("PowC", [x], False, exponent=pick.one((2.0, 3.0, 1.0)))


@step(2)
def reduced(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32", "int32")
    mode = pick.one(
        ("sum", "mean", "max", "min", "sum_squares") if x and x.type.dtype is F32 else ("sum", "max", "min")
    )
    exact = mode in ("max", "min") or (x is not None and x.type.dtype is I32)
    return x and made.add("Reduce", [x], exact, mode=mode, axis=pick.number(0, x.type.rank - 1))


@step()
def softmax(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32")
    return x and made.add("Softmax", [x], False, axis=pick.number(0, x.type.rank - 1))


@step(2)
def product(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32", rank=2)
    if x is None:
        return None
    attrs = {"transpose_a": pick.flag(), "transpose_b": pick.flag()}
    inner = x.shape[0] if attrs["transpose_a"] else x.shape[1]
    axis = 1 if attrs["transpose_b"] else 0
    other = made.find(pick, "float32", rank=2, test=lambda v: v.shape[axis] == inner) if pick.flag() else None
    shape = (pick.number(1, 9), inner) if attrs["transpose_b"] else (inner, pick.number(1, 9))
    return made.add("MatrixMul", [x, other or made.const(shape)], False, **attrs)


@step(2)
def quantised_product(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, *BYTES, rank=2)
    if x is None:
        return None
    kind, columns = x.type.dtype, pick.number(1, 9)
    other = (
        made.find(pick, kind.name, rank=2, test=lambda v: v.shape[0] == x.shape[1]) if pick.flag() else None
    )
    inputs = [x, other or made.const((x.shape[1], columns), kind)]
    unit = float(np.float32(kind.scale) * np.float32(inputs[1].type.dtype.scale))
    if pick.flag():
        inputs.append(made.const((1, inputs[1].shape[1]), DType("qint32", unit)))
    result = pick.one((None, DType(kind.name, 0.3, kind.zero_point)))
    return made.add("MatrixMul", inputs, output_dtype=result)


@step()
def batched_product(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32", rank=3)
    return x and made.add("BatchedMatrixMul", [x, x], False, transpose_b=True)


@step()
def resized(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32", rank=4)
    size, mode = made.sizes(pick.number(1, 12), pick.number(1, 12)), pick.one(("linear", "nearest"))
    return x and made.add("Resize", [x, size], mode == "nearest", mode=mode)


@step()
def normalised(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32", test=lambda v: v.type.rank > 1)
    if x is None:
        return None
    count = pick.number(1, x.type.rank - 1)
    terms = [made.const(x.shape[-count:]) for _ in range(2)]
    return made.add("LayerNorm", [x, *terms], False, epsilon=1e-3, last_axes=count)


@step()
def summed_up(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32", "int32")
    attrs = {"exclusive": pick.flag(), "reverse": pick.flag()}
    return x and made.add("Cumsum", [x], x.type.dtype is I32, axis=pick.number(0, x.type.rank - 1), **attrs)


@step()
def largest(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32", exact=True)
    return x and made.add(pick.one(("Argmax", "Argmin")), [x], axis=pick.number(0, x.type.rank - 1))
