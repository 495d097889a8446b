"""A float model of models/ as ONNX, from the optimised graph: the same arithmetic and weights for other engines.

    python benchmarks/peers/onnx_of.py models/mobilenet/model.yaml out.onnx    (needs the package onnx)

Knows what MobileNets are made of: convolutions with bias, residual and activation, pooling, reshapes, matrix products.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
from mgecc.compiler import load_graph
from mgecc.config import load_config
from mgecc.graph import Graph, Node
from mgecc.ops.activation import of_node
from mgecc.ops.convolution import geometry
from mgecc.ops.window import window_of
from mgecc.passes import optimize
from onnx import helper, numpy_helper

Made = Iterator[onnx.NodeProto | onnx.TensorProto]


def _constant(name: str, array: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(array), name)


def _activated(node: Node, name: str) -> Made:
    kind, *numbers = of_node(node.attrs)
    if kind == "IDENTITY":
        yield helper.make_node("Identity", [name], [node.output.name])
    elif kind == "RELU":
        yield helper.make_node("Relu", [name], [node.output.name])
    elif kind == "CLIP":
        bounds = [f"{name}.low", f"{name}.high"]
        yield from (_constant(b, np.float32(n)) for b, n in zip(bounds, numbers))
        yield helper.make_node("Clip", [name, *bounds], [node.output.name])
    else:
        raise SystemExit(f"no ONNX for the activation {kind}")


def _convolution(node: Node) -> Made:
    geo, name = geometry(node), node.output.name
    window, weights = geo.window, node.inputs[1].const
    assert weights is not None
    pads = [p[0] for p in window.pad] + [p[1] for p in window.pad]
    yield _constant(f"{name}.w", weights.reshape(-1, *weights.shape[-3:]))
    inputs = [node.inputs[0].name, f"{name}.w"]
    if len(node.inputs) > 2 and node.inputs[2].const is not None and node.inputs[2].type.elements:
        yield _constant(f"{name}.b", node.inputs[2].const.reshape(-1))
        inputs.append(f"{name}.b")
    yield helper.make_node(
        "Conv", inputs, [f"{name}.sum"], kernel_shape=list(window.kernel), strides=list(window.stride),
        dilations=list(window.dilate), group=geo.weights[0], pads=pads,
    )  # fmt: skip
    last = f"{name}.sum"
    if len(node.inputs) > 3 and node.inputs[3].type.elements:
        yield helper.make_node("Add", [last, node.inputs[3].name], [f"{name}.all"])
        last = f"{name}.all"
    yield from _activated(node, last)


def _pooling(node: Node) -> Made:
    window = window_of(node.attrs, (int(node.attrs["window_h"]), int(node.attrs["window_w"])))
    if not str(node.attrs["mode"]).startswith("AVERAGE") or any(map(any, window.pad)):
        raise SystemExit("no ONNX for this pooling")
    yield helper.make_node(
        "AveragePool", [node.inputs[0].name], [node.output.name], kernel_shape=list(window.kernel),
        strides=list(window.stride),
    )  # fmt: skip


def _reshape(node: Node) -> Made:
    name = node.output.name
    yield _constant(f"{name}.to", np.array(node.output.shape, np.int64))
    yield helper.make_node("Reshape", [node.inputs[0].name, f"{name}.to"], [name])


def _product(node: Node) -> Made:
    name, weights = node.output.name, node.inputs[1].const
    assert weights is not None
    yield _constant(f"{name}.w", weights.T if node.attrs.get("transposeB") else weights)
    inputs = [node.inputs[0].name, f"{name}.w"]
    if len(node.inputs) > 2 and node.inputs[2].const is not None:
        yield _constant(f"{name}.b", node.inputs[2].const.reshape(-1))
        inputs.append(f"{name}.b")
    yield helper.make_node("Gemm", inputs, [f"{name}.sum"])
    yield from _activated(node, f"{name}.sum")


_MAKERS: dict[str, Callable[[Node], Made]] = {
    "ConvBias": _convolution, "Convolution": _convolution, "Pooling": _pooling, "Reshape": _reshape,
    "MatrixMul": _product,
}  # fmt: skip


def to_onnx(graph: Graph) -> onnx.ModelProto:
    """The graph as an ONNX model with inputs and outputs in order."""
    parts: list[onnx.NodeProto | onnx.TensorProto] = []
    for node in graph.nodes:
        if node.op not in _MAKERS:
            raise SystemExit(f"no ONNX for the operator {node.op}")
        parts += _MAKERS[node.op](node)
    sides = [
        [helper.make_tensor_value_info(v.name, onnx.TensorProto.FLOAT, list(v.shape)) for v in values]
        for values in (graph.inputs, [value for _, value in graph.outputs])
    ]
    constants = [p for p in parts if isinstance(p, onnx.TensorProto)]
    nodes = [p for p in parts if isinstance(p, onnx.NodeProto)]
    made = helper.make_graph(nodes, graph.name, *sides, initializer=constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def main() -> None:
    graph = load_graph(load_config(Path(sys.argv[1])))
    optimize(graph)
    onnx.save(to_onnx(graph), sys.argv[2])


if __name__ == "__main__":
    main()
