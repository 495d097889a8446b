"""The ONNX model of onnx_of.py as a file for LiteRT: the same weights, and for quantised values the same integers.

Tensors of four axes and more lie with the rows and columns behind the batch and the channels last, as the engine
wants them; where a step needs the order of ONNX, transpositions stand before and behind it. Operators beyond those
below end it with a message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper, shape_inference
from tflite_file import TfliteFile, Unit, schema

Attributes = dict[str, Any]
Maker = Callable[["Converter", onnx.NodeProto, Attributes], None]
_MAKERS: dict[str, Maker] = {}
_ACTIVATIONS = schema.ActivationFunctionType
_FUSING = ("Conv", "Gemm", "Add", "Mul", "MaxPool", "AveragePool")
_SAME, _VALID = schema.Padding.SAME, schema.Padding.VALID


def _makes(*names: str) -> Callable[[Maker], Maker]:
    def register(maker: Maker) -> Maker:
        _MAKERS.update(dict.fromkeys(names, maker))
        return maker

    return register


def last(rank: int) -> list[int]:
    """Which axis of ONNX stands where."""
    return [0, rank - 2, rank - 1, *range(1, rank - 2)] if rank > 3 else list(range(rank))


def _is_same(shape: tuple[int, ...], *orders: list[int]) -> bool:
    """Whether numbers of this shape lie alike in both orders of its axes."""
    before, after = ([axis for axis in order if shape[axis] != 1] for order in orders)
    return before == after


@dataclass
class Place:
    """Where a value of the model is: the number of a tensor, the order of its axes, how its integers are meant."""

    number: int
    order: list[int]
    unit: Unit | None


class Converter:
    """One model on its way."""

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = shape_inference.infer_shapes(model).graph
        self.graph, self.file = graph, TfliteFile()
        self.constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        known = [*graph.value_info, *graph.input, *graph.output]
        self.shapes = {v.name: tuple(d.dim_value for d in v.type.tensor_type.shape.dim) for v in known}
        self.readers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.places: dict[str, Place] = {}
        self.units: dict[str, Unit] = {}  # of integers: results of steps, and constants
        self.names: dict[str, str] = {}  # what a result is called once it is stored
        self.positive: set[str] = set()  # results without numbers below zero
        self.done: set[int] = set()

    def convert(self, path: Path) -> None:
        self._quantised()
        for value in self.graph.input:
            self.result(value.name)
        given = [self.places[v.name].number for v in self.graph.input]
        for node in self.graph.node:
            if id(node) not in self.done:
                if node.op_type not in _MAKERS:
                    raise SystemExit(f"no LiteRT form of {node.op_type}")
                _MAKERS[node.op_type](
                    self, node, {a.name: helper.get_attribute_value(a) for a in node.attribute}
                )
        self.file.write(path, given, [self.operand(v.name) for v in self.graph.output])

    def _quantised(self) -> None:
        """Takes pairs of conversions for what they are: how the value before them is stored."""
        for node in self.graph.node:
            if node.op_type not in ("QuantizeLinear", "DequantizeLinear"):
                continue
            self.done.add(id(node))
            source, scale, *zero = node.input
            if node.op_type == "QuantizeLinear":
                self.names[source] = self.readers[node.output[0]][0].output[0]
                self.units[self.names[source]] = Unit((self.number(scale),), int(self.number(zero[0])) - 128)
            elif source in self.constants:
                self.constants[node.output[0]] = self.constants[source]
                self.units[node.output[0]] = Unit((self.number(scale),))

    def number(self, name: str) -> float:
        return float(self.constants[name].reshape(()))

    def result(self, name: str, order: list[int] | None = None) -> int:
        """A tensor for this result, by default with channels last."""
        unit, shape = self.units.get(name), self.shapes[name]
        order = last(len(shape)) if order is None else order
        number = self.file.tensor(name, tuple(shape[i] for i in order), "int8" if unit else "float32", unit)
        self.places[name] = Place(number, order, unit)
        return number

    def ending(self, node: onnx.NodeProto) -> tuple[str, int]:
        """Name of what the node gives with the activation behind it, if there is one that it may do itself."""
        name, act = node.output[0], _ACTIVATIONS.NONE
        following = self.readers.get(name, [])
        if node.op_type in _FUSING and len(following) == 1 and name not in self.names:
            found = self._activation(following[0])
            if found is not None:
                self.done.add(id(following[0]))
                name, act = following[0].output[0], found
        name = self.names.get(name, name)
        if act != _ACTIVATIONS.NONE:
            self.positive.add(name)
        return name, act

    def _activation(self, node: onnx.NodeProto) -> int | None:
        if node.op_type == "Clip":
            bounds = [self.number(n) for n in node.input[1:]]
            return _ACTIVATIONS.RELU6 if bounds == [0, 6] else None
        return {"Relu": _ACTIVATIONS.RELU, "Identity": _ACTIVATIONS.NONE}.get(node.op_type)

    def operand(self, name: str, order: list[int] | None = None) -> int:
        """The tensor of a value or constant in this order, by default with channels last."""
        if name not in self.places:
            array = self.constants[name]
            wanted = last(array.ndim) if order is None else order
            return self.constant(name, array.transpose(wanted))
        place, shape = self.places[name], self.shapes[name]
        order = last(len(shape)) if order is None else order
        if place.order == order:
            return place.number
        number = self.file.tensor(
            f"{name}.{order}", tuple(shape[i] for i in order), "int8" if place.unit else "float32", place.unit
        )
        if _is_same(shape, place.order, order):
            self._reshape(place.number, number)
        else:
            self.transpose(place.number, number, [place.order.index(i) for i in order])
        return number

    def constant(self, name: str, array: np.ndarray, unit: Unit | None = None) -> int:
        kind = {"float64": np.float32, "int64": np.int32}.get(str(array.dtype), array.dtype)
        return self.file.constant(name, array.astype(kind), unit)

    def transpose(self, source: int, target: int, pattern: list[int]) -> None:
        order = self.constant("pattern", np.array(pattern, np.int32))
        self.file.operator("TRANSPOSE", [source, order], [target], "TransposeOptions")

    def _reshape(self, source: int, target: int) -> None:
        shape = self.file.graph.tensors[target].shape
        to = self.constant("shape", np.array(shape, np.int32))
        self.file.operator("RESHAPE", [source, to], [target], "ReshapeOptions", newShape=list(shape))

    def padded(self, name: str, pads: list[int], least: bool = False) -> int:
        """The value with so much on every side of the image; ``least``: of what is no more than all else.

        Only padding by zeros is of the operators that XNNPACK knows.
        """
        place, (n, c, h, w) = self.places[name], self.shapes[name]
        shape = (n, h + pads[0] + pads[2], w + pads[1] + pads[3], c)
        number = self.file.tensor(f"{name}.padded", shape, "int8" if place.unit else "float32", place.unit)
        ends = self.constant("pads", np.array([[0, 0], pads[0::2], pads[1::2], [0, 0]], np.int32))
        inputs = [self.operand(name), ends]
        if least and name not in self.positive:
            value = np.array(-128, np.int8) if place.unit else np.array(np.finfo(np.float32).min)
            self.file.operator(
                "PADV2", [*inputs, self.constant("least", value, place.unit)], [number], "PadV2Options"
            )
        else:
            self.file.operator("PAD", inputs, [number], "PadOptions")
        return number

    def window(
        self, node: onnx.NodeProto, given: Attributes, kernel: tuple[int, ...]
    ) -> tuple[int, dict[str, int]]:
        """Input, padded where the engine's own padding would not be the same, and the common members of options."""
        name = node.input[0]
        strides, dilations = given.get("strides", [1, 1]), given.get("dilations", [1, 1])
        pads = list(given.get("pads", [0] * 4))
        sizes, extent = self.shapes[name][2:], [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
        total = [max(0, (-(-n // s) - 1) * s + e - n) for n, s, e in zip(sizes, strides, extent)]
        same = [*(t // 2 for t in total), *(t - t // 2 for t in total)]
        common = {"strideH": strides[0], "strideW": strides[1], "padding": _SAME if any(pads) else _VALID}
        if not any(pads) or pads == same:
            return self.operand(name), common
        return self.padded(name, pads, node.op_type == "MaxPool"), common | {"padding": _VALID}


@_makes("Conv")
def _convolution(to: Converter, node: onnx.NodeProto, given: Attributes) -> None:
    name, act = to.ending(node)
    weights, unit = to.constants[node.input[1]], to.units.get(node.input[1])
    groups, channels = given.get("group", 1), to.shapes[node.input[0]][1]
    depthwise = groups == channels > 1
    order = (1, 2, 3, 0) if depthwise else (0, 2, 3, 1)
    source, options = to.window(node, given, weights.shape[2:])
    options |= {"fusedActivationFunction": act}
    options |= dict(zip(("dilationHFactor", "dilationWFactor"), given.get("dilations", [1, 1])))
    each = Unit(unit.scale * weights.shape[0], 0, order.index(0)) if unit else None
    inputs = [source, to.constant(node.input[1], weights.transpose(order), each), bias(to, node)]
    if depthwise:
        options["depthMultiplier"] = weights.shape[0] // channels
    kind = ("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions") if depthwise else ("CONV_2D", "Conv2DOptions")
    to.file.operator(kind[0], inputs, [to.result(name)], kind[1], **options)


def bias(to: Converter, node: onnx.NodeProto) -> int:
    """The third operand, zeros if there is none."""
    outputs = to.shapes[node.output[0]][1]
    name = node.input[2] if len(node.input) > 2 else ""
    unit = to.units.get(name) or to.units.get(node.input[1])
    zeros = np.zeros(outputs, np.int32 if unit else np.float32)
    if unit and not name:
        source = to.places[node.input[0]].unit
        assert source
        unit = Unit((unit.scale[0] * source.scale[0],))
    each = Unit(unit.scale * outputs) if unit else None
    return to.constant(name or "zeros", to.constants[name] if name else zeros, each)


@_makes("Gemm")
def _product(to: Converter, node: onnx.NodeProto, given: Attributes) -> None:
    name, act = to.ending(node)
    weights = to.constants[node.input[1]]
    table = to.constant(
        node.input[1], weights if given.get("transB") else weights.T, to.units.get(node.input[1])
    )
    start = bias(to, node)
    inputs = [to.operand(node.input[0]), table, start]
    to.file.graph.tensors[start].quantization = (
        to.units[node.input[2]].table() if node.input[2] in to.units else None
    )
    to.file.operator(
        "FULLY_CONNECTED", inputs, [to.result(name)], "FullyConnectedOptions", fusedActivationFunction=act
    )


@_makes("Add", "Mul", "Sub", "Div", "Max", "Min")
def _pair(to: Converter, node: onnx.NodeProto, _: Attributes) -> None:
    name, act = to.ending(node)
    kinds = {"Max": "MAXIMUM", "Min": "MINIMUM"}
    options = f"{node.op_type}Options" if node.op_type not in kinds else "MaximumMinimumOptions"
    members = {} if node.op_type in kinds else {"fusedActivationFunction": act}
    inputs = [to.operand(n) for n in node.input]
    to.file.operator(
        kinds.get(node.op_type, node.op_type.upper()), inputs, [to.result(name)], options, **members
    )


@_makes("Relu", "Sigmoid", "Tanh", "HardSwish", "Exp", "Clip", "LeakyRelu")
def _activation(to: Converter, node: onnx.NodeProto, given: Attributes) -> None:
    kinds = {"Relu": "RELU", "Sigmoid": "LOGISTIC", "Tanh": "TANH", "HardSwish": "HARD_SWISH", "Exp": "EXP"}
    kind, (name, _) = kinds.get(node.op_type, ""), to.ending(node)
    source = to.operand(node.input[0])
    if node.op_type == "LeakyRelu":
        to.file.operator("LEAKY_RELU", [source], [to.result(name)], "LeakyReluOptions", alpha=given["alpha"])
        return
    if node.op_type == "Clip":
        if to._activation(node) is None:
            raise SystemExit("no LiteRT form of these limits")
        kind = "RELU6"
    to.file.operator(kind, [source], [to.result(name)])


@_makes("Identity")
def _same(to: Converter, node: onnx.NodeProto, _: Attributes) -> None:
    name = to.names.get(node.output[0], node.output[0])
    place, unit = to.places[node.input[0]], to.units.get(name)
    if unit == place.unit:
        to.places[name] = place
    elif unit is None:
        to.file.operator("DEQUANTIZE", [place.number], [to.result(name, place.order)])
    else:
        to.file.operator("QUANTIZE", [place.number], [to.result(name, place.order)])


@_makes("MaxPool", "AveragePool")
def _pooling(to: Converter, node: onnx.NodeProto, given: Attributes) -> None:
    name, act = to.ending(node)
    height, width = given["kernel_shape"]
    source, options = to.window(node, given, (height, width))
    if node.op_type == "AveragePool" and any(given.get("pads", ())):
        raise SystemExit("no LiteRT form of averages over padding")
    options |= {"filterHeight": height, "filterWidth": width, "fusedActivationFunction": act}
    kind = "MAX_POOL_2D" if node.op_type == "MaxPool" else "AVERAGE_POOL_2D"
    to.file.operator(kind, [source], [to.result(name)], "Pool2DOptions", **options)


@_makes("GlobalAveragePool", "ReduceMean", "ReduceMax")
def _reduction(to: Converter, node: onnx.NodeProto, given: Attributes) -> None:
    name, _ = to.ending(node)
    rank = len(to.shapes[node.input[0]])
    axes = [last(rank).index(axis % rank) for axis in given.get("axes", (-2, -1))]
    inputs = [to.operand(node.input[0]), to.constant("axes", np.array(axes, np.int32))]
    kind = "REDUCE_MAX" if node.op_type == "ReduceMax" else "MEAN"
    to.file.operator(
        kind, inputs, [to.result(name)], "ReducerOptions", keepDims=bool(given.get("keepdims", 1))
    )


@_makes("Softmax")
def _softmax(to: Converter, node: onnx.NodeProto, given: Attributes) -> None:
    rank = len(to.shapes[node.input[0]])
    if last(rank).index(given["axis"] % rank) != rank - 1:
        raise SystemExit("no LiteRT form of a softmax over this axis")
    source = to.operand(node.input[0])
    to.file.operator("SOFTMAX", [source], [to.result(node.output[0])], "SoftmaxOptions", beta=1.0)


@_makes("Concat")
def _concat(to: Converter, node: onnx.NodeProto, given: Attributes) -> None:
    rank = len(to.shapes[node.output[0]])
    axis, inputs = last(rank).index(given["axis"] % rank), [to.operand(n) for n in node.input]
    to.file.operator("CONCATENATION", inputs, [to.result(node.output[0])], "ConcatenationOptions", axis=axis)


@_makes("Split")
def _split(to: Converter, node: onnx.NodeProto, given: Attributes) -> None:
    rank, sizes = len(to.shapes[node.input[0]]), to.constants[node.input[1]]
    axis, outputs = last(rank).index(given["axis"] % rank), [to.result(n) for n in node.output]
    inputs, count = [to.operand(node.input[0])], len(sizes)
    place = to.constant("axis", np.array(axis, np.int32))
    if len(set(sizes.tolist())) == 1:
        to.file.operator("SPLIT", [place, *inputs], outputs, "SplitOptions", numSplits=count)
    else:
        inputs += [to.constant("sizes", sizes), place]
        to.file.operator("SPLIT_V", inputs, outputs, "SplitVOptions", numSplits=count)


@_makes("Pad")
def _padding(to: Converter, node: onnx.NodeProto, _: Attributes) -> None:
    ends, name = to.constants[node.input[1]].reshape(2, -1).T, node.input[0]
    if to.number(node.input[2]):
        raise SystemExit("no LiteRT form of padding with other numbers than zeros")
    pads = to.constant("pads", ends[last(len(ends))])
    to.file.operator("PAD", [to.operand(name), pads], [to.result(node.output[0])], "PadOptions")


@_makes("Resize")
def _resize(to: Converter, node: onnx.NodeProto, _: Attributes) -> None:
    size = to.constant("size", np.array(to.shapes[node.output[0]][2:], np.int32))
    inputs = [to.operand(node.input[0]), size]
    options = {"alignCorners": False, "halfPixelCenters": False}
    to.file.operator(
        "RESIZE_NEAREST_NEIGHBOR",
        inputs,
        [to.result(node.output[0])],
        "ResizeNearestNeighborOptions",
        **options,
    )


@_makes("Transpose")
def _transpose(to: Converter, node: onnx.NodeProto, given: Attributes) -> None:
    """Moves nothing where the numbers, channels last, already lie so."""
    name, pattern = node.output[0], list(given["perm"])
    place = to.places[node.input[0]]
    order = [pattern.index(axis) for axis in place.order]
    if order == sorted(order):
        to.places[name] = Place(place.number, order, place.unit)
        return
    source = to.operand(node.input[0])
    rank = len(pattern)
    to.transpose(source, to.result(name), [last(rank).index(pattern[axis]) for axis in last(rank)])


@_makes("Reshape")
def _reshape(to: Converter, node: onnx.NodeProto, _: Attributes) -> None:
    """With channels last where the image stays, in the order of ONNX otherwise."""
    name = to.names.get(node.output[0], node.output[0])
    before, after = to.shapes[node.input[0]], to.shapes[name]
    image = min(len(before), len(after)) > 3 and before[-2:] == after[-2:] and before[0] == after[0]
    source = to.operand(node.input[0], None if image else list(range(len(before))))
    to._reshape(source, to.result(name, None if image else list(range(len(after)))))


def main(folder: Path) -> None:
    """Write model.tflite beside model.onnx."""
    Converter(onnx.load(folder / "model.onnx")).convert(folder / "model.tflite")
