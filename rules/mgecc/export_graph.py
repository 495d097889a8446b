"""A lowered graph as an ONNX file with operators of a domain of our own, for Netron and other viewers.

The file is a picture of what is compiled: shapes, types, attributes and constants are there, no runtime computes it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mgecc.graph import Graph, Node, Value
from mgecc.graph.symbolic import at_max_sizes
from mgecc.graph.text import attribute_words

DOMAIN = "mgecc"
_OPSET, _IR = 21, 10
# Constants above this many bytes are shown by their type alone, as 8 bytes of them would be as good as all.
_MOST_BYTES = 1 << 16


def onnx_model(graph: Graph) -> bytes:
    """The serialised model; equal graphs give equal bytes. ``ModuleNotFoundError`` where onnx is not installed."""
    from onnx import helper  # an extra, see docs/model-files.md

    small, large = _constants(graph)
    made = helper.make_graph(
        [_node(node, helper) for node in graph.nodes] + [_alias(*output, helper) for output in graph.outputs],
        graph.name,
        [_info(v.name, v, helper) for v in [*graph.inputs, *large]],
        [_info(_result(name), v, helper) for name, v in graph.outputs],
        [_initializer(v) for v in small],
        value_info=[_info(v.name, v, helper) for node in graph.nodes for v in node.outputs],
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(DOMAIN, 1)]
    model = helper.make_model(made, opset_imports=opsets, producer_name="mgecc", ir_version=_IR)
    return bytes(model.SerializeToString(deterministic=True))


def _constants(graph: Graph) -> tuple[list[Value], list[Value]]:
    """Those that are small enough to be shown, and the others."""
    found: tuple[list[Value], list[Value]] = [], []
    for value in dict.fromkeys(v for node in graph.nodes for v in node.inputs):
        if value.const is not None:
            found[value.const.nbytes > _MOST_BYTES].append(value)
    return found


def _result(name: str) -> str:
    """What an output is called: values inside may have its name."""
    return f"output:{name}"


def _node(node: Node, helper: Any) -> Any:
    """A node; an operand is named once where it is read twice, as it is there."""
    made = helper.make_node(
        node.op, [v.name for v in node.inputs], [v.name for v in node.outputs], name=node.name, domain=DOMAIN
    )
    words = attribute_words(node) | {"origin": node.origin} | _layouts(node)
    made.attribute.extend(helper.make_attribute(key, word) for key, word in words.items())
    return made


def _layouts(node: Node) -> dict[str, str]:
    blocked = [f"{v.name}: {v.type.block}" for v in (*node.inputs, *node.outputs) if v.type.block > 1]
    return {"blocks_of_channels": ", ".join(blocked)} if blocked else {}


def _alias(name: str, value: Value, helper: Any) -> Any:
    return helper.make_node("Identity", [value.name], [_result(name)], name=f"output {name}")


def _info(name: str, value: Value, helper: Any) -> Any:
    kind = helper.np_dtype_to_tensor_dtype(value.type.dtype.numpy)
    info = helper.make_tensor_value_info(name, kind, [at_max_sizes(n) for n in value.shape])
    info.doc_string = str(value.type)
    return info


def _initializer(value: Value) -> Any:
    from onnx.numpy_helper import from_array  # likewise

    return from_array(np.ascontiguousarray(value.const), value.name)
