"""A model as ONNX, from the optimised graph: the same arithmetic and weights for other engines.

    python benchmarks/peers/onnx_of.py MODEL FOLDER    (needs the package onnx)

Writes model.onnx, model.mge (a copy) and inputs.npz (the first recorded case, by input name) to the folder. MODEL: a
model.yaml. Quantised values become QuantizeLinear and DequantizeLinear pairs of uint8, for which ONNX engines on x86
have integer kernels. Operators beyond the table below end it with a message.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from mgecc.config import load_cases, load_config
from mgecc.graph import Graph, Node, Value
from mgecc.graph.attributes import named
from mgecc.lowering import load_graph
from mgecc.ops.activation import of_node
from mgecc.ops.convolution import geometry
from mgecc.ops.fused import FusedElemwiseAttrs
from mgecc.ops.known import AxisAttrs
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.ops.normalization import SoftmaxAttrs
from mgecc.ops.padding import PaddingAttrs
from mgecc.ops.pooling import PoolingAttrs
from mgecc.ops.reduce import ReduceAttrs
from mgecc.ops.resize import ResizeAttrs
from mgecc.ops.shapes import pattern_of
from mgecc.passes import optimize
from onnx import helper, numpy_helper

Made = Iterator[onnx.NodeProto | onnx.TensorProto]
Maker = Callable[[Node], Made]
_MAKERS: dict[str, Maker] = {}
_PLAIN = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "add": "Add", "mul": "Mul", "sub": "Sub",
          "true_div": "Div", "max": "Max", "min": "Min", "exp": "Exp"}  # fmt: skip


def _makes(*names: str) -> Callable[[Maker], Maker]:
    def register(maker: Maker) -> Maker:
        _MAKERS.update(dict.fromkeys(names, maker))
        return maker

    return register


def _constant(name: str, array: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(array, order="C"), name)


def _weights(value: Value, name: str, array: np.ndarray) -> Made:
    """A constant called ``name`` with the numbers ``array`` of ``value``, in real numbers."""
    scale = value.type.dtype.scale
    if scale is None:
        yield _constant(name, array)
        return
    yield from (_constant(f"{name}.q", array), _constant(f"{name}.scale", np.float32(scale)))
    yield _constant(
        f"{name}.zero", array.dtype.type(0)
    )  # without it engines do not take a Gemm for one of bytes
    yield helper.make_node("DequantizeLinear", [f"{name}.{part}" for part in ("q", "scale", "zero")], [name])


def _present(node: Node, index: int) -> Value | None:
    """Operand ``index`` unless it is absent or empty."""
    found = node.inputs[index] if len(node.inputs) > index else None
    return found if found is not None and found.type.elements else None


def _activated(node: Node, name: str) -> Made:
    kind, *numbers = of_node(node.attrs)
    out = node.output.name
    if kind == "identity":
        yield helper.make_node("Identity", [name], [out])
    elif kind in _PLAIN:
        yield helper.make_node(_PLAIN[kind], [name], [out])
    elif kind == "silu":
        yield helper.make_node("Sigmoid", [name], [f"{out}.sigmoid"])
        yield helper.make_node("Mul", [name, f"{out}.sigmoid"], [out])
    elif kind == "h_swish":
        yield helper.make_node("HardSwish", [name], [out])
    elif kind == "leaky":
        yield helper.make_node("LeakyRelu", [name], [out], alpha=float(numbers[0]))
    elif kind == "clip":
        bounds = [f"{name}.low", f"{name}.high"]
        yield from (_constant(b, np.float32(n)) for b, n in zip(bounds, numbers))
        yield helper.make_node("Clip", [name, *bounds], [out])
    else:
        raise SystemExit(f"no ONNX for the activation {kind}")


@_makes("ConvBias", "Convolution")
def _convolution(node: Node) -> Made:
    geo, name = geometry(node), node.output.name
    window, weights = geo.window, node.inputs[1].const
    assert weights is not None
    pads = [p[0] for p in window.pad] + [p[1] for p in window.pad]
    yield from _weights(node.inputs[1], f"{name}.w", weights.reshape(-1, *weights.shape[-3:]))
    inputs = [node.inputs[0].name, f"{name}.w"]
    bias, rest = _present(node, 2), _present(node, 3)
    if bias is not None and bias.const is not None:
        yield from _weights(bias, f"{name}.b", bias.const.reshape(-1))
        inputs.append(f"{name}.b")
    yield helper.make_node(
        "Conv", inputs, [f"{name}.sum"], kernel_shape=list(window.kernel), strides=list(window.stride),
        dilations=list(window.dilate), group=geo.weights[0], pads=pads,
    )  # fmt: skip
    last = f"{name}.sum"
    if rest is not None:
        yield helper.make_node("Add", [last, rest.name], [f"{name}.all"])
        last = f"{name}.all"
    yield from _activated(node, last)


@_makes("Pooling")
def _pooling(node: Node) -> Made:
    attrs, source, out = node.attributes(PoolingAttrs), node.inputs[0], node.output.name
    mean = attrs.mode == "average"
    if mean and attrs.window == source.shape[2:] and not any(map(any, attrs.padding)):
        yield helper.make_node("GlobalAveragePool", [source.name], [out])
        return
    kind = {"kernel_shape": list(attrs.window), "strides": list(attrs.stride)}
    kind["pads"] = [p[0] for p in attrs.padding] + [p[1] for p in attrs.padding]
    if mean:
        kind["count_include_pad"] = int(attrs.count_padding)
    yield helper.make_node("AveragePool" if mean else "MaxPool", [source.name], [out], **kind)


@_makes("Reshape", "AxisAddRemove")
def _reshape(node: Node) -> Made:
    name = node.output.name
    yield _constant(f"{name}.to", np.array(node.output.shape, np.int64))
    yield helper.make_node("Reshape", [node.inputs[0].name, f"{name}.to"], [name])


@_makes("Dimshuffle")
def _transpose(node: Node) -> Made:
    pattern = list(pattern_of(node))
    if sorted(pattern) != list(range(node.inputs[0].type.rank)):
        raise SystemExit("no ONNX for a Dimshuffle that adds or removes axes")
    yield helper.make_node("Transpose", [node.inputs[0].name], [node.output.name], perm=pattern)


@_makes("Concat")
def _concat(node: Node) -> Made:
    names = [v.name for v in node.inputs]
    yield helper.make_node("Concat", names, [node.output.name], axis=node.attributes(AxisAttrs).axis)


@_makes("Split")
def _split(node: Node) -> Made:
    axis, name = node.attributes(AxisAttrs).axis, node.outputs[0].name
    yield _constant(f"{name}.sizes", np.array([v.shape[axis] for v in node.outputs], np.int64))
    outputs = [v.name for v in node.outputs]
    yield helper.make_node("Split", [node.inputs[0].name, f"{name}.sizes"], outputs, axis=axis)


@_makes("Padding")
def _padding(node: Node) -> Made:
    name, attrs = node.output.name, node.attributes(PaddingAttrs)
    ends = [pair[side] for side in (0, 1) for pair in attrs.padding]
    if attrs.mode != "constant":
        raise SystemExit("no ONNX for this padding")
    yield _constant(f"{name}.ends", np.array(ends, np.int64))
    yield _constant(f"{name}.value", np.float32(attrs.value))
    yield helper.make_node("Pad", [node.inputs[0].name, f"{name}.ends", f"{name}.value"], [name])


@_makes("Resize")
def _resize(node: Node) -> Made:
    """Nearest neighbour by whole factors, where every engine means the same."""
    name, source = node.output.name, node.inputs[0]
    scales = [b / a for a, b in zip(source.shape, node.output.shape, strict=True)]
    if node.attributes(ResizeAttrs).mode != "nearest" or any(scale != int(scale) for scale in scales):
        raise SystemExit("no ONNX for this resizing")
    yield _constant(f"{name}.scales", np.array(scales, np.float32))
    rule = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    yield helper.make_node("Resize", [source.name, "", f"{name}.scales"], [name], **rule)


@_makes("Reduce")
def _reduce(node: Node) -> Made:
    kinds = {"mean": "ReduceMean", "max": "ReduceMax"}
    attrs = node.attributes(ReduceAttrs)
    if attrs.mode not in kinds or attrs.axis is None:
        raise SystemExit(f"no ONNX for the reduction {attrs}")
    axes = [attrs.axis]
    yield helper.make_node(
        kinds[attrs.mode], [node.inputs[0].name], [node.output.name], axes=axes, keepdims=1
    )


@_makes("Softmax")
def _softmax(node: Node) -> Made:
    axis = node.attributes(SoftmaxAttrs).axis
    yield helper.make_node("Softmax", [node.inputs[0].name], [node.output.name], axis=axis)


@_makes("Elemwise", "ElemwiseMultiType")
def _elemwise(node: Node) -> Made:
    name, mode = node.output.name, str(named(node.attrs)["mode"])
    names = []
    for i, value in enumerate(node.inputs):
        names.append(f"{name}.{i}" if value.const is not None else value.name)
        if value.const is not None:
            yield from _weights(value, f"{name}.{i}", value.const)
    kind = mode.removesuffix("_relu")
    if kind not in _PLAIN:
        raise SystemExit(f"no ONNX for {node.op} {mode}")
    if kind == mode:
        yield helper.make_node(_PLAIN[kind], names, [name])
        return
    yield helper.make_node(_PLAIN[kind], names, [f"{name}.all"])
    yield helper.make_node("Relu", [f"{name}.all"], [name])


@_makes("FusedElemwise")
def _fused(node: Node) -> Made:
    """Expressions over operands: a number stands for one, a tuple for an operator and what it is applied to."""
    names = []
    for i, value in enumerate(node.inputs):
        names.append(value.name if value.const is None else f"{node.output.name}.k{i}")
        if value.const is not None:
            yield _constant(names[-1], value.const)

    def made(expr: Any, name: str) -> Iterator[onnx.NodeProto]:
        if expr[0] not in _PLAIN:
            raise SystemExit(f"no ONNX for {expr[0]} in an expression")
        of = [names[part] if isinstance(part, int) else f"{name}.{i}" for i, part in enumerate(expr[1:])]
        for part, each in zip(expr[1:], of):
            yield from () if isinstance(part, int) else made(part, each)
        yield helper.make_node(_PLAIN[expr[0]], of, [name])

    yield from made(node.attributes(FusedElemwiseAttrs).expr, node.output.name)


@_makes("TypeCvt")
def _same(node: Node) -> Made:
    """Numbers stay what they are; the result's type does the rest."""
    yield helper.make_node("Identity", [node.inputs[0].name], [node.output.name])


@_makes("MatrixMul")
def _product(node: Node) -> Made:
    name, weights = node.output.name, node.inputs[1].const
    assert weights is not None
    weights = weights.T if node.attributes(MatrixMulAttrs).transpose_b else weights
    yield from _weights(node.inputs[1], f"{name}.w", weights)
    inputs, bias = [node.inputs[0].name, f"{name}.w"], _present(node, 2)
    if bias is not None and bias.const is not None:
        yield from _weights(bias, f"{name}.b", bias.const.reshape(-1))
        inputs.append(f"{name}.b")
    yield helper.make_node("Gemm", inputs, [f"{name}.sum"])
    yield from _activated(node, f"{name}.sum")


def _zero_point(value: Value) -> np.uint8:
    """0 behind a RELU, whose result fits above it: only so do the engines see that rounding does its work."""
    node = value.producer
    if node is None:
        return np.uint8(128)
    mode = str(named(node.attrs).get("mode"))
    if node.op == "Reshape" or mode == "max":
        return _zero_point(node.inputs[0])
    positive = of_node(node.attrs)[0] == "relu" or mode.endswith("relu")
    return np.uint8(0 if positive else 128)


def _made(node: Node) -> Made:
    if node.op not in _MAKERS:
        raise SystemExit(f"no ONNX for the operator {node.op}")
    parts = list(_MAKERS[node.op](node))
    name, dtype = node.output.name, node.output.type.dtype
    if dtype.scale is None:
        yield from parts
        return
    for part in parts:
        if isinstance(part, onnx.NodeProto) and name in part.output:
            part.output[list(part.output).index(name)] = f"{name}.real"
        yield part
    yield from (
        _constant(f"{name}.s", np.float32(dtype.scale)),
        _constant(f"{name}.z", _zero_point(node.output)),
    )
    yield helper.make_node("QuantizeLinear", [f"{name}.real", f"{name}.s", f"{name}.z"], [f"{name}.u8"])
    yield helper.make_node("DequantizeLinear", [f"{name}.u8", f"{name}.s", f"{name}.z"], [name])


def _name_values(graph: Graph) -> None:
    """In a model file several values may have one name, or none."""
    for i, node in enumerate(graph.nodes):
        for k, value in enumerate(node.outputs):
            value.name = f"v{i}_{k}"


def to_onnx(graph: Graph) -> onnx.ModelProto:
    """The graph as an ONNX model with inputs and outputs in order."""
    _name_values(graph)
    parts = [part for node in graph.nodes for part in _made(node)]
    sides = [
        [helper.make_tensor_value_info(v.name, onnx.TensorProto.FLOAT, list(v.shape)) for v in values]
        for values in (graph.inputs, [value for _, value in graph.outputs])
    ]
    constants = [p for p in parts if isinstance(p, onnx.TensorProto)]
    nodes = [p for p in parts if isinstance(p, onnx.NodeProto)]
    made = helper.make_graph(nodes, graph.name, *sides, initializer=constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def main() -> None:
    config, folder = load_config(Path(sys.argv[1])), Path(sys.argv[2])
    graph = load_graph(config)
    given = load_cases(config.verify.inputs) if config.verify.inputs else {}
    first = {
        v.name: np.ascontiguousarray(given[f"in.{v.name}"], np.float32).reshape(-1, *v.shape)[0]
        for v in graph.inputs
    }
    optimize(graph)
    onnx.save(to_onnx(graph), folder / "model.onnx")
    shutil.copyfile(config.model, folder / "model.mge")
    np.savez(folder / "inputs.npz", **first)


if __name__ == "__main__":
    main()
