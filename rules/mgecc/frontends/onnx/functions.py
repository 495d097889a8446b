"""Operators that the standard defines as functions of others: their bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .library import guarded, onnx
from .node import OnnxNode


def is_function(proto: Any, opset: int) -> bool:
    """Whether the standard defines an operator by others."""
    schema = _schema(proto, opset)
    return schema is not None and (schema.has_function or schema.has_context_dependent_function)


def _schema(proto: Any, opset: int) -> Any:
    try:
        return onnx.defs.get_schema(proto.op_type, opset, proto.domain)
    except onnx.defs.SchemaError:
        return None


def body_of(node: OnnxNode, proto: Any, opset: int) -> Any | None:
    """The body (FunctionProto) of an operator, for operands of these types; None if it is no function."""
    schema = _schema(proto, opset)
    if schema is None:
        return None
    if schema.has_function:
        return schema.function_body
    if not schema.has_context_dependent_function:
        return None
    types = [_type(x) for x in node.operands]
    with guarded(f"expanding {node.op}"):
        stored = schema.get_context_dependent_function(proto.SerializeToString(), types)
    body = onnx.FunctionProto()
    body.ParseFromString(stored)
    return body if body.node else None


def _type(tensor: Any) -> bytes:
    if tensor is None:
        return b""
    number = onnx.helper.np_dtype_to_tensor_dtype(tensor.dtype.numpy)
    return bytes(
        onnx.helper.make_tensor_type_proto(number, [int(n) for n in tensor.shape]).SerializeToString()
    )


def attributes_of(proto: Any, opset: int) -> dict[str, Any]:
    """The attributes of a node, by name, with the defaults of its operator."""
    schema = _schema(proto, opset)
    defaults = {} if schema is None else {n: a.default_value for n, a in schema.attributes.items()}
    stated = {attribute.name: attribute for attribute in proto.attribute}
    return {name: value for name, value in (defaults | stated).items() if value.name}


def bound(proto: Any, body: Any, given: Mapping[str, Any]) -> Any:
    """A node of a body whose attributes that refer to the function's have the values ``given``, or its defaults."""
    values = {a.name: a for a in body.attribute_proto} | dict(given)
    node = onnx.NodeProto()
    node.CopyFrom(proto)
    del node.attribute[:]
    for attribute in proto.attribute:
        if not attribute.ref_attr_name:
            inner = node.attribute.add()
            inner.CopyFrom(attribute)
            if attribute.HasField("g"):
                _bind_graph(inner.g, body, values)
        elif attribute.ref_attr_name in values:
            inner = node.attribute.add()
            inner.CopyFrom(values[attribute.ref_attr_name])
            inner.name = attribute.name
    return node


def _bind_graph(graph: Any, body: Any, values: Mapping[str, Any]) -> None:
    nodes = [bound(node, body, values) for node in graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
