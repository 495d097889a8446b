"""Random forms of the operators that TensorFlow Lite Micro knows, for every type of data that it has them for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from random_net import Net
from tflite_case import Case

Make = Callable[[Net], Case]
FAMILIES: dict[str, tuple[Make, tuple[str, ...]]] = {}
"""By operator: what makes a case of it, and the types of data."""
BOTH, THREE = ("FLOAT32", "INT8"), ("FLOAT32", "INT8", "INT16")
_F, _B, _H = ("FLOAT32",), BOTH, THREE
_WORDS = ("NONE", "NONE", "RELU", "RELU6", "RELU_N1_TO_1")


def family(types: Sequence[str], *operators: str) -> Callable[[Make], Make]:
    def register(make: Make) -> Make:
        FAMILIES.update(dict.fromkeys(operators, (make, tuple(types))))
        return make

    return register


@family(_F, "CEIL", "COS", "EXP", "FLOOR", "ROUND", "SIN", "LOG", "SQRT", "SQUARE")
@family(_B, "ELU", "HARD_SWISH")
@family(_H, "LEAKY_RELU", "RELU", "ABS", "RELU6", "RSQRT")
def unary(net: Net) -> Case:
    shape, one = net.shape(), net.type
    numbers = net.numbers(shape)
    if one in ("LOG", "SQRT", "RSQRT") and net.word != "INT8":
        numbers = np.abs(np.maximum(numbers, -32767) if net.word == "INT16" else numbers)
    net.operand(numbers, net.word, zero=-128 if one == "RSQRT" and net.word == "INT8" else None, const=False)
    scale, zero = net.near(net.scales[0]), None
    if one == "RSQRT" and net.word == "INT16":
        scale = net.near(100 / 32768 / net.scales[0] ** 0.5)
    if one == "RELU6" and net.chance(0.5):
        scale, zero = net.scales[0], net.zeros[0]
    alpha = float(net.rng.uniform(-0.5, 1.5))
    options = ("LeakyReluOptions", {"alpha": alpha}) if one == "LEAKY_RELU" else None
    return net.case(shape, options=options, scale=scale, zero=zero)


@family(_H, "LOGISTIC", "TANH")
def bounded(net: Net) -> Case:
    shape = net.shape()
    net.given(shape)
    if net.word == "INT16":
        return net.case(shape, scale=2.0**-15, zero=0)
    return net.case(
        shape,
        scale=1 / 256 if net.type == "LOGISTIC" else 1 / 128,
        zero=-128 if net.type == "LOGISTIC" else 0,
    )


def _stretched(net: Net, shape: Sequence[int]) -> list[list[int]]:
    """Two shapes that broadcast to this one."""
    kind = net.size(0, 3)
    if kind < 2:
        return [list(shape), list(shape)]
    other = [1 if net.chance(0.5) else n for n in shape]
    other = other[net.size(0, len(shape) - 1) :] if kind == 3 else other
    return [list(shape), other] if net.chance(0.6) else [other, list(shape)]


def _two(net: Net) -> list[int]:
    shape = net.shape()
    a, b = _stretched(net, shape)
    first = net.given(a)
    net.given(b, net.near(first, 3))
    return shape


@family(_H, "ADD", "SUB", "MUL")
@family(_B, "DIV")
def arithmetic(net: Net) -> Case:
    shape, word = _two(net), net.pick(*_WORDS)
    scales = net.scales
    unit = scales[0] * scales[1] * 60 if net.type == "MUL" else max(scales)
    unit = scales[0] / scales[1] / 20 if net.type == "DIV" else unit
    table = f"{net.type.capitalize()}Options"
    return net.case(shape, options=(table, {"fused_activation_function": word}), scale=net.near(unit))


@family(_H, "SQUARED_DIFFERENCE")
def squared_difference(net: Net) -> Case:
    shape = _two(net)
    return net.case(shape, scale=net.near(max(net.scales) ** 2 * (100 if net.word != "INT16" else 25000)))


@family(_H, "MAXIMUM", "MINIMUM")
def extreme(net: Net) -> Case:
    shape = net.shape()
    a, b = _stretched(net, shape)
    scale, zero = net.scale(), net.zero()
    net.given(a, scale, zero)
    net.given(b, scale, zero)
    return net.case(shape, scale=scale, zero=zero)


@family(_F, "FLOOR_DIV", "FLOOR_MOD")
def floored(net: Net) -> Case:
    return net.case(_two(net))


@family(_B, "EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")
def comparison(net: Net) -> Case:
    return net.case(_two(net), word="BOOL")


@family(_B, "ADD_N")
def add_n(net: Net) -> Case:
    shape, count = net.shape(), net.size(2, 4)
    scale, zero = net.scale(), net.zero()
    for _ in range(count):
        net.given(shape, scale, zero)
    return net.case(shape, scale=net.near(scale))


@family(_H, "PRELU")
def prelu(net: Net) -> Case:
    shape = net.shape(4)
    net.given(shape)
    slope = [1, 1, shape[3]] if net.chance(0.7) else shape[1:]
    net.operand(net.numbers(slope), net.word)
    return net.case(shape, scale=net.near(net.scales[0]))


def _window(
    net: Net, size: Sequence[int], window: Sequence[int], step: Sequence[int], apart: Sequence[int]
) -> tuple[str, list[int]]:
    """Padding, and the size of the result."""
    reach = [(k - 1) * d + 1 for k, d in zip(window, apart)]
    if net.chance(0.5) and all(n >= k for n, k in zip(size, reach)):
        return "VALID", [(n - k) // s + 1 for n, k, s in zip(size, reach, step)]
    return "SAME", [-(-n // s) for n, s in zip(size, step)]


_WITH_32_BITS = ("CONV_2D", "FULLY_CONNECTED")
"""Operators that have biases of 32 bits beside 16-bit data; others read 64 bits whatever is stated."""


def _weights(
    net: Net,
    shape: Sequence[int],
    axis: int,
    terms: int,
    x: float,
    y: float,
    channels: int,
    word: str = "INT8",
) -> None:
    """With their biases; scales fit the results."""
    if net.word == "FLOAT32":
        net.operand(net.numbers(shape), "FLOAT32")
        if net.chance(0.8):
            net.operand(net.numbers([channels]), "FLOAT32")
        else:
            net.operands.append(-1)
        return
    many = channels if axis >= 0 and net.chance(0.7) else 1
    spread = 2.0 ** net.rng.uniform(-2, 1.5, many)
    scales = (y / x / (terms**0.5 * (40 if net.word == "INT8" else 9000)) * spread).astype(np.float32)
    array = net.rng.integers(-127, 128, shape).astype(np.int8)
    stated = {"scale": scales.tolist(), "zero": [0] * many, "axis": max(axis, 0)}
    net.operands.append(net.file.constant(array, "INT8", **stated))
    if net.chance(0.2):
        net.operands.append(-1)
        return
    stored = (
        "INT64" if net.word == "INT16" and (net.chance(0.7) or net.type not in _WITH_32_BITS) else "INT32"
    )
    bias = net.rng.integers(-3000, 3000, channels).astype(np.int64 if stored == "INT64" else np.int32)
    if stored == "INT64" and net.chance(0.2):
        bias[:] = net.rng.integers(-(1 << 33), 1 << 33, channels)
    stated = {"scale": (np.float32(x) * scales).tolist(), "zero": [0] * many}
    net.operands.append(net.file.constant(bias, stored, **stated))


def _without_bias(net: Net) -> dict[str, int]:
    """How long sums of 16-bit data are where no bias says so: an option with a number of the types of tensors."""
    return {"quantized_bias_type": net.pick(2, 4)} if net.word == "INT16" and net.operands[-1] < 0 else {}


@family(_H, "CONV_2D", "DEPTHWISE_CONV_2D")
def convolution(net: Net) -> Case:
    shape, depthwise = net.shape(4), net.type != "CONV_2D"
    window, step = [net.size(1, 4), net.size(1, 4)], [net.size(1, 3), net.size(1, 3)]
    apart = [net.size(1, 2), net.size(1, 2)] if net.chance(0.3) else [1, 1]
    padding, size = _window(net, shape[1:3], window, step, apart)
    x, inner = net.given(shape), shape[3]
    multiplier = net.size(1, 3)
    channels = inner * multiplier if depthwise else net.size(1, 9)
    y = net.near(x)
    terms = window[0] * window[1] * (1 if depthwise else inner)
    _weights(
        net,
        [1, *window, channels] if depthwise else [channels, *window, inner],
        3 if depthwise else 0,
        terms,
        x,
        y,
        channels,
    )
    fields = {
        "padding": padding,
        "stride_h": step[0],
        "stride_w": step[1],
        "dilation_h_factor": apart[0],
        "dilation_w_factor": apart[1],
        "fused_activation_function": net.pick(*_WORDS),
    }
    fields |= {"depth_multiplier": multiplier} if depthwise else {}
    table = "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions"
    fields |= {} if depthwise else _without_bias(net)
    return net.case([shape[0], *size, channels], options=(table, fields), scale=y, version=3)


@family(_H, "TRANSPOSE_CONV")
def transpose_conv(net: Net) -> Case:
    shape, channels = net.shape(4, 6), net.size(1, 7)
    window, step = [net.size(1, 4), net.size(1, 4)], [net.size(1, 3), net.size(1, 3)]
    padding = net.pick("SAME", "VALID")
    size = [n * s if padding == "SAME" else (n - 1) * s + k for n, s, k in zip(shape[1:3], step, window)]
    net.integers(shape[0], *size, channels)
    x = net.scale()
    y = net.near(x)
    _weights(net, [channels, *window, shape[3]], 0, window[0] * window[1] * shape[3], x, y, channels)
    bias = net.operands.pop()
    net.given(shape, x)
    if bias >= 0:
        net.operands.append(bias)
    fields = {
        "padding": padding,
        "stride_h": step[0],
        "stride_w": step[1],
        "fused_activation_function": net.pick("NONE", "NONE", "RELU"),
    }
    return net.case([shape[0], *size, channels], options=("TransposeConvOptions", fields), scale=y, version=4)


@family(_H, "FULLY_CONNECTED")
def fully_connected(net: Net) -> Case:
    rows, inner, channels = net.size(1, 4), net.size(1, 70), net.size(1, 20)
    x = net.given([rows, inner])
    y = net.near(x)
    _weights(net, [channels, inner], 0, inner, x, y, channels)
    options = (
        "FullyConnectedOptions",
        {"fused_activation_function": net.pick(*_WORDS), **_without_bias(net)},
    )
    return net.case([rows, channels], options=options, scale=y, version=4)


@family(_H, "BATCH_MATMUL")
def batch_matmul(net: Net) -> Case:
    outer = [net.size(1, 3) for _ in range(net.size(1, 2))]
    m, k, n = net.size(1, 6), net.size(1, 9), net.size(1, 7)
    adj = [net.chance(0.4), net.chance(0.4)]
    x = net.given([*outer, *([k, m] if adj[0] else [m, k])])
    w = net.given([*outer, *([n, k] if adj[1] else [k, n])])
    options = ("BatchMatMulOptions", {"adj_x": adj[0], "adj_y": adj[1]})
    unit = x * w * k**0.5 * (40 if net.word == "INT8" else 9000)
    return net.case([*outer, m, n], options=options, scale=net.near(unit))


@family(_H, "AVERAGE_POOL_2D", "MAX_POOL_2D")
@family(_F, "L2_POOL_2D")
def pooling(net: Net) -> Case:
    shape, window, step = net.shape(4), [net.size(1, 4), net.size(1, 4)], [net.size(1, 3), net.size(1, 3)]
    padding, size = _window(net, shape[1:3], window, step, (1, 1))
    scale, zero = net.scale(), net.zero()
    net.given(shape, scale, zero)
    fields = {
        "padding": padding,
        "stride_h": step[0],
        "stride_w": step[1],
        "filter_height": window[0],
        "filter_width": window[1],
        "fused_activation_function": net.pick(*_WORDS),
    }
    return net.case([shape[0], *size, shape[3]], options=("Pool2DOptions", fields), scale=scale, zero=zero)


@family(_H, "MEAN", "SUM")
@family(_B, "REDUCE_MAX", "REDUCE_MIN")
def reduction(net: Net) -> Case:
    shape = net.shape(net.size(2, 4))
    axes = sorted(net.rng.choice(len(shape), net.size(1, len(shape)), replace=False).tolist())
    if len(shape) == 4 and net.chance(0.4):
        axes = [1, 2]
    keep = net.chance(0.5)
    at = net.zero()
    net.given(shape, zero=at)
    net.integers(*axes)
    scale, zero = (net.scales[0], at) if "_" in net.type else (net.near(net.scales[0]), None)
    result = [1 if k in axes else n for k, n in enumerate(shape) if keep or k not in axes]
    return net.case(result, options=("ReducerOptions", {"keep_dims": keep}), scale=scale, zero=zero)


@family(_H, "SOFTMAX")
def softmax(net: Net) -> Case:
    shape = net.shape(most=30)
    net.given(shape)
    scale, zero = (1 / 256, -128) if net.word == "INT8" else (1 / 32768, 0)
    return net.case(
        shape, options=("SoftmaxOptions", {"beta": net.pick(1.0, 0.5, 2.0)}), scale=scale, zero=zero
    )


@family(_B, "LOG_SOFTMAX", "L2_NORMALIZATION")
def normalised(net: Net) -> Case:
    shape = net.shape(net.size(2, 4), 20)
    net.given(shape)
    if net.type == "LOG_SOFTMAX":
        return net.case(shape, scale=16 / 256, zero=127)
    return net.case(shape, options=("L2NormOptions", {}), scale=1 / 128, zero=0)


@family(_B, "ARG_MAX", "ARG_MIN")
def position(net: Net) -> Case:
    shape = net.shape(net.size(2, 4))
    axis = net.size(0, len(shape) - 1)
    net.given(shape)
    net.scalar(axis)
    table = "ArgMaxOptions" if net.type == "ARG_MAX" else "ArgMinOptions"
    return net.case(
        [n for k, n in enumerate(shape) if k != axis], options=(table, {"output_type": "INT32"}), word="INT32"
    )


@family(_B, "CUMSUM")
def cumsum(net: Net) -> Case:
    shape = net.shape()
    net.given(shape)
    net.scalar(net.size(0, len(shape) - 1))
    options = ("CumsumOptions", {"exclusive": net.chance(0.5), "reverse": net.chance(0.5)})
    return net.case(shape, options=options, scale=net.near(net.scales[0]))


@family(_B, "RESIZE_BILINEAR")
@family(_H, "RESIZE_NEAREST_NEIGHBOR")
def resize(net: Net) -> Case:
    shape, size = net.shape(4), [net.size(1, 12), net.size(1, 12)]
    scale, zero = net.scale(), net.zero()
    net.given(shape, scale, zero)
    net.integers(*size)
    aligned, half = net.pick((False, False), (True, False), (False, True))
    table = "ResizeBilinearOptions" if "LINEAR" in net.type else "ResizeNearestNeighborOptions"
    return net.case(
        [shape[0], *size, shape[3]],
        options=(table, {"align_corners": aligned, "half_pixel_centers": half}),
        scale=scale,
        zero=zero,
    )


@family(("FLOAT32", "INT8", "INT16"), "QUANTIZE", "DEQUANTIZE")
def conversion(net: Net) -> Case:
    shape = net.shape()
    if net.type == "DEQUANTIZE":
        net.given(shape)
        return net.case(shape, word="FLOAT32")
    if net.word == "FLOAT32":
        net.given(shape)
        net.word = net.pick("INT8", "INT16")
        return net.case(shape, scale=net.near(2 / (100 if net.word == "INT8" else 25000)))
    scale = net.given(shape)
    to = (
        net.pick("INT8", "INT8", "INT16", "INT32")
        if net.word == "INT8"
        else net.pick("INT8", "INT16", "INT32")
    )
    net.word = to if to != "INT32" else net.word
    return net.case(shape, word=to, scale=net.near(scale))
