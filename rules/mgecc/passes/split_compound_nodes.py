"""Split nodes that do two things into single steps, so that the fusion passes see one form of everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.graph.attributes import named
from mgecc.ops.activation import IDENTITY
from mgecc.ops.convolution import ConvBiasAttrs, ConvolutionAttrs
from mgecc.ops.elemwise import PowCAttrs, mode_of
from mgecc.ops.normalization import NormAttrs
from mgecc.passes.build import Rewrite, apply_rewrites, constant, elemwise, node_like, take_over
from mgecc.passes.match import scalar

_FUSED_ADD = {"add_relu": "relu", "add_sigmoid": "sigmoid", "add_tanh": "tanh", "add_h_swish": "h_swish"}


def _batch_norm(node: Node) -> list[Node] | None:
    """Inference batch norm with constant statistics: y = x * s + t, per channel."""
    x, *stats = node.inputs
    if any(v.const is None for v in stats):
        return None
    scale, bias, mean, variance = (np.asarray(v.const, np.float64) for v in stats)
    with np.errstate(all="ignore"):
        inverse = 1 / np.sqrt(variance + node.attributes(NormAttrs).epsilon)
        factor = scale * inverse
    _keep(node.outputs[:-1], (mean, inverse, np.zeros(0)))
    dtype = x.type.dtype
    mul = elemwise(node, "mul", x, constant(f"{node.name}.scale", factor, dtype))
    add = elemwise(node, "add", mul.output, constant(f"{node.name}.shift", bias - mean * factor, dtype))
    add.outputs[0] = node.outputs[-1]
    add.outputs[0].producer = add
    return [mul, add]


def _keep(values: Sequence[Value], arrays: Sequence[np.ndarray]) -> None:
    """Make values constants."""
    for value, array in zip(values, arrays):
        value.const, value.producer = array.astype(value.type.dtype.numpy), None


def _fused_add(node: Node) -> list[Node] | None:
    mode = _FUSED_ADD.get(mode_of(node))
    if mode is None:
        return None
    add = elemwise(node, "add", *node.inputs)
    return [add, take_over(elemwise(node, mode, add.output), node)]


def _mul_add(node: Node) -> list[Node] | None:
    if mode_of(node) != "mul_add" or not any(v.is_const for v in node.inputs[:2]):
        return None
    mul = elemwise(node, "mul", *node.inputs[:2])
    add = elemwise(node, "add", mul.output, node.inputs[2])
    return [mul, take_over(add, node)] if add.output.type == node.output.type else None


def _convolution(node: Node) -> list[Node] | None:
    """A plain float convolution is a ConvBias without bias."""
    if not node.inputs[0].type.dtype.is_float or not node.inputs[1].is_const:
        return None
    attrs = ConvBiasAttrs(**named(node.attributes(ConvolutionAttrs)))
    conv = node_like(node, "ConvBias", attrs, list(node.inputs))
    return [take_over(conv, node)]


def _conv_bias(node: Node) -> list[Node] | None:
    """A bias that is a tensor of the result's size is a residual; one computed per channel is added behind."""
    if not node.output.type.dtype.is_float or len(node.inputs) < 3 or not _odd_bias(node):
        return None
    attrs, (x, w, bias, *rest) = node.attributes(ConvBiasAttrs), node.inputs
    if not rest and bias.type == node.output.type and not bias.is_const:
        zeros = np.zeros((1, node.output.shape[1], 1, 1))
        inputs = [x, w, constant(f"{node.name}.bias", zeros, bias.type.dtype), bias]
        return [take_over(node_like(node, "ConvBias", attrs, inputs), node)]
    nodes = [node_like(node, "ConvBias", replace(attrs, activation=IDENTITY), [x, w])]
    for term in (bias, *rest):
        nodes.append(elemwise(node, "add", nodes[-1].output, term))
    if attrs.activation != IDENTITY:
        nodes.append(elemwise(node, attrs.activation[0], nodes[-1].output))
    return [*nodes[:-1], take_over(nodes[-1], node)]


def _odd_bias(node: Node) -> bool:
    """Whether the third operand is not a constant with one number per channel (or none)."""
    bias = node.inputs[2]
    return not (bias.is_const and bias.type.elements in (0, node.output.shape[1]))


def _power(node: Node) -> list[Node] | None:
    """A power with a constant exponent; kernels know short ways for some."""
    if mode_of(node) != "pow" or not node.output.type.dtype.is_float:
        return None
    x, exponent = node.inputs[0], scalar(node.inputs[1])
    if exponent is None or x.type != node.output.type:
        return None
    return [take_over(node_like(node, "PowC", PowCAttrs(exponent), [x]), node)]


def _elemwise(node: Node) -> list[Node] | None:
    return _fused_add(node) or _mul_add(node) or _power(node)


_REWRITES: dict[str, Rewrite] = {
    "BatchNorm": _batch_norm,
    "Elemwise": _elemwise,
    "Convolution": _convolution,
    "ConvBias": _conv_bias,
}


def run(graph: Graph) -> None:
    apply_rewrites(graph, _REWRITES)
