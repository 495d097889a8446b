"""From the bytes of an ONNX file to its graph in one version of the operators, with functions of its own inlined.

Sizes are checked before the package's native parts see them. Large constants stay outside while it works (``stored``):
neither the inliner nor the version converter needs their numbers, and both copy what they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from mgecc.frontends.errors import printable

from .apart import apart
from .errors import OnnxError
from .external import load_external
from .library import OPSET, OWN, guarded, onnx, stands_for
from .stored import SMALL, Constant, parse

_NO_VERSION = 1 << 31
_MOST_NODES = 1 << 18
_DEEPEST = 64
"""Functions in one another."""
_MOST_EXTERNAL = 1 << 31
_CONSTANTS_ALONE = 4
"""The version of the format from which constants need not be inputs, too."""
_MOST_ELEMENTS = 1 << 31
_FIELDS = {
    onnx.TensorProto.FLOAT: "float_data",
    onnx.TensorProto.DOUBLE: "double_data",
    onnx.TensorProto.INT64: "int64_data",
    onnx.TensorProto.UINT32: "uint64_data",
    onnx.TensorProto.UINT64: "uint64_data",
    onnx.TensorProto.STRING: "string_data",
}
_PACKED = {
    onnx.TensorProto.INT4,
    onnx.TensorProto.UINT4,
    onnx.TensorProto.FLOAT4E2M1,
    *(getattr(onnx.TensorProto, name) for name in ("INT2", "UINT2") if hasattr(onnx.TensorProto, name)),
}


@dataclass(frozen=True)
class OnnxModel:
    """``graph``: in the opset that rules know, without its constants. ``constants``: by name. ``opset``: its version.

    ``opsets``: of every domain. ``metadata``: what the writer noted, such as labels.
    """

    graph: Any
    constants: Mapping[str, Constant]
    opset: int
    opsets: Mapping[str, int]
    metadata: Mapping[str, str]


def read_onnx(data: bytes, folder: Path | None = None) -> OnnxModel:
    """The model of a file; constants that lie beside it are read from ``folder``. Raises OnnxError."""
    model, constants = parse(data)
    if not model.HasField("graph"):
        raise OnnxError("the ONNX model has no graph")
    _check(model)
    _complete([*constants, *map(Constant, _tensors(model.graph))], folder)
    _drop_overridable(model)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    lifted = _lift(model.graph, constants)
    model = _converted(_inlined(model))
    lifted |= {tensor.name: Constant(tensor) for tensor in model.graph.initializer}
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    return OnnxModel(model.graph, lifted, opsets.get("", OPSET), opsets, metadata)


def _check(model: Any) -> None:
    for node in (*_nodes(model.graph), *(n for f in model.functions for n in f.node)):
        _check_text(node)
    odd = next((e for e in model.opset_import if not 0 < e.version < _NO_VERSION), None)
    if odd is not None:
        raise OnnxError(f"{odd.version} is no version of operators (opset_import)")
    used = {node.domain for node in _nodes(model.graph)}
    if used.intersection(OWN) and not any(entry.domain in OWN for entry in model.opset_import):
        raise OnnxError("the ONNX model does not state the version of its operators (opset_import)")
    count = sum(1 for _ in _nodes(model.graph)) + sum(len(f.node) for f in model.functions)
    if count > _MOST_NODES:
        raise OnnxError(f"the ONNX model has {count} nodes, more than {_MOST_NODES}")


def _check_text(node: Any) -> None:
    """OnnxError where a word of a node is not in UTF-8, as protobuf gives it then."""
    words = (node.op_type, node.domain, node.overload, node.name, *node.input, *node.output)
    odd = next((word for word in words if not isinstance(word, str)), None)
    if odd is not None:
        raise OnnxError(f"{odd!r} in a node of the ONNX model is no text")


def _nodes(graph: Any) -> Iterator[Any]:
    """Those of subgraphs too."""
    for node in graph.node:
        yield node
        for inner in _subgraphs(node):
            yield from _nodes(inner)


def _subgraphs(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _tensors(graph: Any) -> Iterator[Any]:
    """All constants of attributes and subgraphs."""
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
        for inner in _subgraphs(node):
            yield from inner.initializer
            yield from _tensors(inner)


def _complete(constants: Iterable[Constant], folder: Path | None) -> None:
    """Read the numbers that lie beside the model. OnnxError unless all constants are what their shapes say."""
    outside = 0
    for constant in constants:
        outside += load_external(constant.proto, folder)
        if outside > _MOST_EXTERNAL:
            raise OnnxError("the constants in files beside the ONNX model have more than 2 GiB")
        _check_constant(constant)


def _check_constant(constant: Constant) -> None:
    """OnnxError unless a constant has as many numbers as its shape says."""
    tensor, numbers = constant
    name = tensor.name or "a constant"
    if any(n < 0 for n in tensor.dims) or prod(tensor.dims) >= _MOST_ELEMENTS:
        raise OnnxError(f"{name} has the shape {list(tensor.dims)}")
    count = prod(tensor.dims)
    if tensor.data_type in _PACKED:
        count = -(-count // 2)
    if numbers is None and tensor.HasField("raw_data"):
        numbers = memoryview(tensor.raw_data)
    if numbers is None:
        stored = len(getattr(tensor, _FIELDS.get(tensor.data_type, "int32_data")))
    else:
        with guarded(f"reading {name}"):
            size = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
        stored = len(numbers) // size if len(numbers) % size == 0 else -1
    whole = "complex" not in stands_for(tensor.data_type)
    if whole and stored != count and tensor.data_type not in _PACKED:
        raise OnnxError(f"{name} has the shape {list(tensor.dims)}, and {max(stored, 0)} numbers are stored")


def _drop_overridable(model: Any) -> None:
    """Constants that are listed as inputs are constants; shapes that are noted for values may be those of others."""
    constants = {tensor.name for tensor in model.graph.initializer}
    kept = [value for value in model.graph.input if value.name not in constants]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    del model.graph.value_info[:]
    model.ir_version = max(model.ir_version, _CONSTANTS_ALONE)


def _lift(graph: Any, constants: Sequence[Constant]) -> dict[str, Constant]:
    """Take large constants out; they become inputs of the graph, which its consumer knows by name."""
    large = {c.proto.name: c for c in constants if prod(c.proto.dims) > SMALL}
    small = [c.proto for c in constants if c.proto.name not in large]
    for name, (tensor, _) in large.items():
        graph.input.append(onnx.helper.make_tensor_value_info(name, tensor.data_type, list(tensor.dims)))
    del graph.initializer[:]
    graph.initializer.extend(small)
    return large


def _inlined(model: Any) -> Any:
    if not model.functions:
        return model
    _check_calls(model)
    return _apart(
        "inlining its functions", lambda: onnx.inliner.inline_local_functions(model, convert_version=True)
    )


def _apart(doing: str, work: Callable[[], Any]) -> Any:
    """A model that native code makes."""
    made = onnx.ModelProto()
    made.ParseFromString(apart(doing, lambda: bytes(work().SerializeToString())))
    return made


def _check_calls(model: Any) -> None:
    """OnnxError where functions call themselves, or make more nodes than a model may have."""
    known = {(f.domain, f.name, f.overload): f for f in model.functions}
    sizes: dict[Any, int] = {}

    def size(nodes: Iterable[Any], outside: frozenset[Any]) -> int:
        total = 0
        for node in nodes:
            key = (node.domain, node.op_type, node.overload)
            total += 1 + sum(size(graph.node, outside) for graph in _subgraphs(node))
            if key in outside or len(outside) > _DEEPEST:
                raise OnnxError(
                    f"the function {printable(node.op_type)} calls itself, or lies too deep in others"
                )
            if key in known and key not in sizes:
                sizes[key] = size(known[key].node, outside | {key})
            total += sizes.get(key, 0)
        return total

    count = size(model.graph.node, frozenset())
    if count > _MOST_NODES:
        raise OnnxError(f"with its functions the ONNX model has {count} nodes, more than {_MOST_NODES}")


def _converted(model: Any) -> Any:
    """In the opset of the rules, if its own is older."""
    version = next((entry.version for entry in model.opset_import if entry.domain in OWN), OPSET)
    if version >= OPSET:
        return model
    made = _apart(
        f"bringing it from opset {version} to opset {OPSET}",
        lambda: onnx.version_converter.convert_version(model, OPSET),
    )
    if _ranks(made) != _ranks(model):  # as with Scan of opset 8, whose batches have no later form
        raise OnnxError(f"operators of opset {version} have no later form: the inputs would lose axes")
    return made


def _ranks(model: Any) -> dict[str, int]:
    return {value.name: len(value.type.tensor_type.shape.dim) for value in model.graph.input}
