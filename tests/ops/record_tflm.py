"""Records tests/data/tflm.json: nodes in fixed point, and what TensorFlow Lite Micro's reference kernels make of them.

Needs the packages tflite-micro and ai-edge-litert beside NumPy::

    PYTHONPATH=rules:tests/ops python tests/ops/record_tflm.py            # as the file is
    PYTHONPATH=rules:tests/ops python tests/ops/record_tflm.py 1000 7     # compare that many rounds, from another seed
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import flatbuffers
import numpy as np
import tflm_cases
from ai_edge_litert import schema_py_generated as schema
from mgecc import ops
from mgecc.graph import DType
from mgecc.ops import fixed_functions as functions
from mgecc.ops.rescaled import sum_factors
from tflite_micro.python.tflite_micro import runtime
from tflm_cases import Recorded, Type

_NUMBERS = {"float32": 0, "int32": 2, "int8": 9}
_EVERY = np.arange(256, dtype=np.uint8).view(np.int8).reshape(1, 256)
F = np.float32


class Net:
    """A model of one operator."""

    def __init__(self) -> None:
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version, self.model.buffers, self.model.operatorCodes = 3, [schema.BufferT()], []
        self.model.subgraphs, self.graph.tensors = [self.graph], []

    def tensor(
        self, like: np.ndarray, scale: Any = None, zero: int = 0, const: bool = False, axis: int = 0
    ) -> int:
        tensor, buffer = schema.TensorT(), schema.BufferT()
        tensor.shape, tensor.type, tensor.buffer = (
            list(like.shape),
            _NUMBERS[like.dtype.name],
            len(self.model.buffers),
        )
        if scale is not None:
            found = schema.QuantizationParametersT()
            found.scale = np.atleast_1d(np.asarray(scale, F)).tolist()
            found.zeroPoint, found.quantizedDimension = [zero] * len(found.scale), axis
            tensor.quantization = found
        if const:
            buffer.data = np.frombuffer(np.ascontiguousarray(like).tobytes(), np.uint8).tolist()
        self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def run(
        self, kernel: str, version: int, tensors: Sequence[int], given: dict[int, np.ndarray], options: Any
    ) -> np.ndarray:
        """The result, the last of the tensors, for arrays by tensor."""
        code, op = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode, code.version = getattr(schema.BuiltinOperator, kernel), version
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        op.inputs, op.outputs, op.opcodeIndex = list(tensors[:-1]), [tensors[-1]], 0
        if options is not None:
            op.builtinOptions = options
            op.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
        self.model.operatorCodes, self.graph.operators = [code], [op]
        self.graph.inputs, self.graph.outputs = list(given), [tensors[-1]]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        interpreter = runtime.Interpreter.from_bytes(bytes(builder.Output()), arena_size=4_000_000)
        for position, array in enumerate(given.values()):
            interpreter.set_input(array, position)
        interpreter.invoke()
        return np.array(interpreter.get_output(0))


def _options(name: str, **fields: Any) -> Any:
    found = getattr(schema, f"{name}OptionsT")()
    for field, value in fields.items():
        setattr(found, field, value)
    return found


class Draw:
    """Random parameters, edges among them."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def scale(self, low: float = -9, high: float = 1) -> np.float32:
        return F(2.0 ** self.rng.uniform(low, high))

    def zero(self) -> int:
        return int(self.rng.choice([-128, 127, 0, self.rng.integers(-128, 128)]))

    def size(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high))

    def bytes(self, *shape: int) -> np.ndarray:
        return self.rng.integers(-128, 128, shape).astype(np.int8)

    def weights(self, *shape: int) -> np.ndarray:
        return self.rng.integers(-127, 128, shape).astype(np.int8)

    def activation(self, y: Type) -> tuple[int, tuple[int, int]]:
        """A fused activation, and the limits that it gives stored numbers."""
        kind, low, high = int(self.rng.choice([0, 1, 2, 3])), -128, 127

        def stored(real: float) -> int:
            return y[2] + int(np.trunc(F(real) / F(y[1]) + np.copysign(F(0.5), F(real))))

        if kind:
            low = max(low, stored(-1 if kind == 2 else 0))
            high = min(high, {1: 127, 2: stored(1), 3: stored(6)}[kind])
        return kind, (low, high)


def _q(scale: Any, zero: int) -> Type:
    return "qint8", float(scale), zero


def _nchw(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def _window(
    draw: Draw, h: int, w: int, k: int
) -> tuple[int, bool, tuple[int, int], tuple[tuple[int, int], ...]]:
    """Stride, whether padding is SAME, size of the result, padding."""
    step, same = draw.size(1, 3), bool(draw.rng.random() < 0.5)
    size = tuple(-(-n // step) if same else (n - k) // step + 1 for n in (h, w))
    pads = [max((o - 1) * step + k - n, 0) if same else 0 for o, n in zip(size, (h, w))]
    return step, same, (size[0], size[1]), tuple((p // 2, p - p // 2) for p in pads)


def convolution(draw: Draw, depthwise: bool) -> Recorded:
    h, w, ic, k = draw.size(3, 9), draw.size(3, 9), draw.size(1, 7), draw.size(1, 4)
    oc = ic * draw.size(1, 3) if depthwise else draw.size(1, 9)
    step, same, (oh, ow), pad = _window(draw, h, w, k)
    sx, so, zx, zo = draw.scale(), draw.scale(-7, 2), draw.zero(), draw.zero()
    inner = k * k * (1 if depthwise else ic)
    many = oc if draw.rng.random() < 0.7 else 1
    sw = (F(so / sx / (inner**0.5 * 40)) * 2.0 ** draw.rng.uniform(-1, 1, many)).astype(F)
    weights = draw.weights(*((1, k, k, oc) if depthwise else (oc, k, k, ic)))
    bias, x = draw.rng.integers(-3000, 3000, oc).astype(np.int32), draw.bytes(1, h, w, ic)
    act, (low, high) = draw.activation(_q(so, zo))
    net, kernel = Net(), "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    tensors = [
        net.tensor(x, sx, zx),
        net.tensor(weights, sw, 0, True, 3 if depthwise else 0),
        net.tensor(bias, sx * sw, 0, True),
        net.tensor(np.empty((1, oh, ow, oc), np.int8), so, zo),
    ]
    fields = {"padding": 0 if same else 1, "strideW": step, "strideH": step, "fusedActivationFunction": act}
    more = {"depthMultiplier": oc // ic} if depthwise else {}
    options = _options(
        "DepthwiseConv2D" if depthwise else "Conv2D", dilationWFactor=1, dilationHFactor=1, **fields, **more
    )
    result = net.run(kernel, 3, tensors, {0: x}, options)
    factors = (float(sx) * sw.astype(np.float64) / float(so)).tolist()
    ours = np.ascontiguousarray(weights.transpose(3, 0, 1, 2) if depthwise else weights.transpose(0, 3, 1, 2))
    attrs = {
        "stride": [step] * 2, "padding": pad, "groups": ic if depthwise else 1, "output_dtype": _q(so, zo),
        "rescale": {"rounding": "double", "factors": factors, "low": low, "high": high},
    }  # fmt: skip
    types: list[Type] = [_q(sx, zx), ("qint8", None, 0), ("int32", None, 0)]
    arrays = [_nchw(x), ours, bias.reshape(1, -1, 1, 1), _nchw(result)]
    return Recorded(kernel, "ConvBias", attrs, types, [False, True, True], arrays)


def fully_connected(draw: Draw) -> Recorded:
    m, k, n = draw.size(1, 4), draw.size(1, 90), draw.size(1, 20)
    sx, so, zx, zo = draw.scale(), draw.scale(-7, 2), draw.zero(), draw.zero()
    many = n if draw.rng.random() < 0.3 else 1
    sw = (F(so / sx / (k**0.5 * 40)) * 2.0 ** draw.rng.uniform(-1, 1, many)).astype(F)
    x, weights, bias = (
        draw.bytes(m, k),
        draw.weights(n, k),
        draw.rng.integers(-3000, 3000, n).astype(np.int32),
    )
    act, (low, high) = draw.activation(_q(so, zo))
    net = Net()
    tensors = [
        *(net.tensor(x, sx, zx), net.tensor(weights, sw, 0, True), net.tensor(bias, sx * sw, 0, True)),
        net.tensor(np.empty((m, n), np.int8), so, zo),
    ]
    options = _options("FullyConnected", fusedActivationFunction=act)
    result = net.run("FULLY_CONNECTED", 12 if many > 1 else 4, tensors, {0: x}, options)
    factors = (float(sx) * sw.astype(np.float64) / float(so)).tolist()
    factors = factors if len(sw) > 1 else [float(sx * sw[0]) / float(so)]
    by = {"rounding": "double", "factors": factors, "low": low, "high": high}
    attrs = {"transpose_b": True, "output_dtype": _q(so, zo), "rescale": by}
    types: list[Type] = [_q(sx, zx), ("qint8", None, 0), ("int32", None, 0)]
    arrays = [x, weights, bias.reshape(1, -1), result]
    return Recorded("FULLY_CONNECTED", "MatrixMul", attrs, types, [False, True, True], arrays)


def arithmetic(draw: Draw, mode: str) -> Recorded:
    a, b = _q(draw.scale(-7, 1), draw.zero()), _q(draw.scale(-7, 1), draw.zero())
    y, kernel = _q(draw.scale(-6, 3), draw.zero()), mode.upper()
    act, (low, high) = draw.activation(y)
    net, x0, x1 = Net(), draw.bytes(1, 40), draw.bytes(1, 40)
    tensors = [net.tensor(x, t[1], t[2]) for x, t in ((x0, a), (x1, b), (x0, y))]
    result = net.run(
        kernel, 2, tensors, {0: x0, 1: x1}, _options(kernel.capitalize(), fusedActivationFunction=act)
    )
    terms, factor = sum_factors(mode, DType(*a), DType(*b), DType(*y))  # type: ignore[arg-type]
    by = {"rounding": "double", "factors": [factor], "low": low, "high": high}
    attrs = {"mode": mode, "dtype": y, "factors": list(terms), "rescale": by}
    return Recorded(kernel, "RescaledArithmetic", attrs, [a, b], [False, False], [x0, x1, result])


def mean(draw: Draw) -> Recorded:
    x, sx, zx = draw.bytes(1, draw.size(1, 12), draw.size(1, 12), draw.size(1, 6)), draw.scale(), draw.zero()
    y = _q(F(sx * 2.0 ** draw.rng.uniform(-3, 2)), draw.zero())
    net, axes = Net(), np.array([1, 2], np.int32)
    tensors = [
        *(net.tensor(x, sx, zx), net.tensor(axes, const=True)),
        net.tensor(np.empty((1, 1, 1, x.shape[3]), np.int8), y[1], y[2]),
    ]
    result = net.run("MEAN", 2, tensors, {0: x}, _options("Reducer", keepDims=True))
    by = {"rounding": "double", "factors": [float(sx) / y[1]], "low": -128, "high": 127}
    attrs = {"dtype": y, "rescale": by}
    return Recorded("MEAN", "RescaledMean", attrs, [_q(sx, zx)], [False], [_nchw(x), _nchw(result)])


def pool(draw: Draw, mode: str) -> Recorded:
    h, w, k = draw.size(3, 10), draw.size(3, 10), draw.size(1, 4)
    x, t = draw.bytes(1, h, w, draw.size(1, 5)), _q(draw.scale(), draw.zero())
    step, same, (oh, ow), pad = _window(draw, h, w, k)
    net = Net()
    tensors = [net.tensor(a, t[1], t[2]) for a in (x, np.empty((1, oh, ow, x.shape[3]), np.int8))]
    fields = {"strideW": step, "strideH": step, "filterWidth": k, "filterHeight": k}
    kernel = "MAX_POOL_2D" if mode == "max" else "AVERAGE_POOL_2D"
    result = net.run(kernel, 2, tensors, {0: x}, _options("Pool2D", padding=0 if same else 1, **fields))
    attrs = {"window": [k, k], "stride": [step] * 2, "padding": pad, "mode": mode, "count_padding": False}
    return Recorded(kernel, "Pooling", attrs, [t], [False], [_nchw(x), _nchw(result)])


def unary(
    draw: Draw, kernel: str, x: np.ndarray, t: Type, y: Type, options: Any = None, version: int = 1
) -> np.ndarray:
    net = Net()
    stored = np.empty(x.shape, F if y[0] == "float32" else np.int8)
    tensors = [net.tensor(a, s[1], s[2]) for a, s in ((x, t), (stored, y))]
    return net.run(kernel, version, tensors, {0: x}, options)


def softmax(draw: Draw) -> Recorded:
    x, t, y = draw.bytes(2, draw.size(1, 200)), _q(draw.scale(-9, 2), draw.zero()), _q(1 / 256, -128)
    beta = float(F(draw.rng.choice([1.0, 1.0, 0.5, 2.0])))
    result = unary(draw, "SOFTMAX", x, t, y, _options("Softmax", beta=beta), 2)
    return Recorded("SOFTMAX", "FixedSoftmax", {"dtype": y, "factor": t[1] * beta}, [t], [False], [x, result])


def quantize(draw: Draw) -> Recorded:
    y = _q(draw.scale(), draw.zero())
    halves = (draw.rng.integers(-100, 100, 100) + 0.5) * y[1]
    x = np.concatenate([draw.rng.normal(0, 60 * y[1], 100), halves]).astype(F)[None]
    result = unary(draw, "QUANTIZE", x, ("float32", None, 0), y, _options("Quantize"))
    return Recorded(
        "QUANTIZE",
        "Quantize",
        {"dtype": y, "ties": "half_away"},
        [("float32", None, 0)],
        [False],
        [x, result],
    )


def requantize(draw: Draw) -> Recorded:
    t = _q(draw.scale(), draw.zero())
    y = _q(F(t[1] * 2.0 ** draw.rng.uniform(-3, 3)), draw.zero())
    result = unary(draw, "QUANTIZE", _EVERY, t, y, _options("Quantize"))
    by = {"rounding": "double", "factors": [t[1] / y[1]], "low": -128, "high": 127}
    return Recorded("QUANTIZE", "Rescale", {"dtype": y, "rescale": by}, [t], [False], [_EVERY, result])


def dequantize(draw: Draw) -> Recorded:
    t, y = _q(draw.scale(), draw.zero()), ("float32", None, 0)
    result = unary(draw, "DEQUANTIZE", _EVERY, t, y, _options("Dequantize"), 2)
    return Recorded("DEQUANTIZE", "TypeCvt", {"dtype": y}, [t], [False], [_EVERY, result])


Table = Callable[[DType, DType], np.ndarray]


def table(
    draw: Draw, kernel: str, make: Table, y: Type | None, options: Any = None, version: int = 1
) -> Recorded:
    t = _q(draw.scale(), draw.zero())
    y = y or _q(F(t[1] * 2.0 ** draw.rng.uniform(-3, 4)), draw.zero())
    result = unary(draw, kernel, _EVERY, t, y, options, version)
    stored = make(DType(*t), DType(*y))
    return Recorded(kernel, "Lookup8", {}, [t, y], [False, True], [_EVERY, stored, result])


def one_round(draw: Draw) -> Iterator[Recorded]:
    """A case or several of every kernel."""
    yield from (convolution(draw, depthwise) for depthwise in (False, False, True, True))
    yield from (fully_connected(draw), fully_connected(draw))
    yield from (arithmetic(draw, mode) for mode in ("add", "sub", "mul"))
    yield from (mean(draw), pool(draw, "max"), pool(draw, "average"), softmax(draw))
    yield from (quantize(draw), requantize(draw), dequantize(draw))
    yield table(draw, "LOGISTIC", functions.logistic_table, _q(1 / 256, -128))
    yield table(draw, "TANH", functions.tanh_table, _q(1 / 128, 0))
    yield table(draw, "HARD_SWISH", functions.hard_swish_table, None, _options("HardSwish"))
    yield table(draw, "ELU", lambda x, y: functions.real_table(x, y, functions.elu), None)
    slope = float(F(draw.rng.choice([0.1, 0.3, -0.2, 1.5])))
    leaky = _options("LeakyRelu", alpha=slope)
    yield table(draw, "LEAKY_RELU", lambda x, y: functions.leaky_relu_table(x, y, slope), None, leaky, 2)


def compare(rounds: int, seed: int) -> None:
    """Print how many numbers were compared, and how many are not the same."""
    draw, numbers, wrong = Draw(seed), Counter[str](), Counter[str]()
    for _ in range(rounds):
        for case in one_round(draw):
            *inputs, want = case.arrays
            got = ops.evaluate(case.node(), inputs)[0]
            numbers[case.kernel] += want.size
            wrong[case.kernel] += int((got != want).sum())
    for kernel in sorted(numbers):
        print(f"{kernel:20}{numbers[kernel]:10} numbers, {wrong[kernel]} differ")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        compare(int(sys.argv[1]), int(sys.argv[2]))
    else:
        tflm_cases.write([case for seed in (1, 2) for case in one_round(Draw(seed))])
