"""From the records of a model file to a graph: types inferred, everything known beforehand computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mgecc import ops
from mgecc.graph import (
    CompileError,
    Diagnostic,
    Diagnostics,
    DType,
    Graph,
    Node,
    TensorType,
    Unsupported,
    Value,
)
from mgecc.graph.sizes import always, largest, whole
from mgecc.graph.types import INT32
from mgecc.ops import absent
from mgecc.ops.budget import Budget, limited, spend
from mgecc.ops.counting import Counting
from mgecc.ops.custom import CustomFunction, UserKernel, make_custom
from mgecc.ops.known import MAX_RANK, known
from mgecc.ops.size_arithmetic import depends_on_sizes, folded

from . import custom
from .dtypes import DTypeInfo
from .errors import MgeError, printable
from .model import INPUT_TYPE, Model, Record, StoredTensor
from .reader import read_mge

MAX_FOLDED = 256 << 20
"""Bytes of the largest result that is computed while importing."""
MAX_FOLDED_TOTAL = 1 << 30
"""Bytes of all results that are computed while importing."""

_PLAIN_NAMES = {"bfloat16": "float32", "byte": "uint8", "intb4": "int8", "uintb4": "uint8"}
_MOST_BYTES = (1 << 31) - 1
_MALFORMED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
)
"""What a rule may raise when a record has a form that no MegEngine writes."""


def dtype_of(info: DTypeInfo) -> DType:
    """The element type of stored numbers; Unsupported for types that have no arithmetic here."""
    try:
        return DType(_PLAIN_NAMES.get(info.name, info.name), info.scale, info.zero_point or 0)
    except ValueError:
        raise Unsupported(f"data of type {info.name} is not supported") from None


def _attrs(record: Record) -> dict[str, Any]:
    """The record's parameters, element types being ``DType``."""
    stated = {**record.params, "output_dtype": record.output_dtype}
    return {name: dtype_of(v) if isinstance(v, DTypeInfo) else v for name, v in stated.items()}


def _needed(model: Model) -> set[int]:
    """Numbers of the values that outputs depend on."""
    needed = set(model.outputs)
    for record in reversed(model.records):
        if needed.intersection(record.outputs):
            needed.update(record.inputs)
    return needed


def _origin(record: Record) -> str:
    return f"record {record.index} ({record.type}) at byte {record.offset}"


def _operator(record: Record) -> type[ops.Operator]:
    particular = absent.reason(record.type)
    if particular is not None:
        raise particular
    return ops.for_record(record.type)


def _stand_in(type_: TensorType) -> np.ndarray:
    """An array of this shape that takes no memory, for operators that read shapes only."""
    shape = (0,) if depends_on_sizes(type_) else type_.shape
    return np.broadcast_to(np.zeros((), type_.dtype.numpy), shape)


def _checked_shape(shape: Sequence[int]) -> tuple[int, ...]:
    sizes = tuple(whole(n) for n in shape) or (1,)
    if len(sizes) > MAX_RANK or any(n < 1 for n in sizes):
        raise Unsupported(f"an input cannot have the shape {list(sizes)}", "give positive sizes")
    return sizes


def _check_size(type: TensorType) -> None:
    """Offsets in tensors are 32-bit numbers."""
    if largest(type.elements) * type.dtype.size > _MOST_BYTES:
        raise Unsupported(f"a tensor {type} is larger than 2 GiB", "make the shapes smaller")


@dataclass
class _Importer:
    """The state of one import. ``values`` has the values made so far; needed ones that are missing have failed."""

    model: Model
    shapes: Mapping[str, Sequence[int]]
    graph: Graph
    problems: Diagnostics
    values: dict[int, Value] = field(default_factory=dict)
    functions: Mapping[str, CustomFunction] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    varying: set[Value] = field(default_factory=set)
    counting: Counting = field(default_factory=Counting)
    folded: int = 0
    budget: Budget = field(default_factory=Budget)
    as_written: bool = True

    def run(self) -> Graph:
        needed = _needed(self.model)
        for record in self.model.records:
            if record.type == INPUT_TYPE or needed.intersection(record.outputs):
                self._import(record)
        self._check_inputs()
        for k, (number, name) in enumerate(zip(self.model.outputs, self.model.output_names)):
            if number in self.values:
                value = self.values[number]
                self.graph.outputs.append((name or value.name or f"output{k}", value))
        if self.problems.problems:
            self._keep_what_is_there()
        self.graph.sweep()
        return self.graph

    def _keep_what_is_there(self) -> None:
        """Make results that lead nowhere outputs, so that later steps look at all that could be imported."""
        read = {value for node in self.graph.nodes for value in node.inputs}
        loose = [v for node in self.graph.nodes for v in node.outputs if v not in read]
        known = self.graph.output_values()
        self.graph.outputs += [(v.name, v) for v in loose if v not in known]

    def _import(self, record: Record) -> None:
        """Make the record's values; a problem is noted unless it follows from an earlier one."""
        if any(number not in self.values for number in record.inputs):
            return
        node = Node(record.type, self._name(record), {}, [self.values[n] for n in record.inputs])
        node.origin = _origin(record)
        try:
            self._make(record, node)
        except Unsupported as error:
            self.problems.add_error(node, error)
        except MgeError as error:
            self.problems.add(node, str(error))
        except _MALFORMED as error:
            why = f"its parameters and inputs do not fit together ({printable(str(error)) or type(error).__name__})"
            self.problems.add(node, why)

    def _make(self, record: Record, node: Node) -> None:
        if record.type == INPUT_TYPE:
            self._input(record)
        elif all(number in self.model.constants for number in record.outputs) and record.outputs:
            for number in record.outputs:
                self.values[number] = self._constant(number, self.model.constants[number])
        else:
            self._operation(record, node)

    def _name(self, record: Record) -> str:
        stated = (self.model.values[number].name for number in record.outputs[:1])
        return record.name or next(stated, "") or f"{record.type}#{record.index}"

    def _input(self, record: Record) -> None:
        tensor = record.tensors[0]
        shape = _checked_shape(self.shapes.get(tensor.name, tensor.shape))
        self.as_written = self.as_written and always(lambda: shape == tensor.shape)
        value = Value(tensor.name or self._name(record), TensorType(shape, dtype_of(tensor.dtype)))
        _check_size(value.type)
        if any(value.name == other.name for other in self.graph.inputs):
            raise Unsupported(f"two inputs are called {value.name}", "give every input its own name")
        self.values[record.outputs[0]] = value
        self.graph.inputs.append(value)

    def _constant(self, number: int, tensor: StoredTensor) -> Value:
        dtype = dtype_of(tensor.dtype)
        array = np.ascontiguousarray(tensor.array(), dtype.numpy)
        name = self.model.values[number].name or tensor.name or f"constant#{number}"
        return Value(name, TensorType(tensor.shape, dtype), const=array)

    def _operation(self, record: Record, node: Node) -> None:
        node.attrs = _attrs(record)
        entry = custom.function_for(record, node.name, self.functions)
        if entry is not None:
            self._custom(record, node, *entry)
            return
        if record.type in custom.FOREIGN:
            raise custom.missing(record, self.model)
        operator = _operator(record)
        node.op = operator.name
        ops.check_record(node)
        for position in operator.reads_values:
            if position < len(node.inputs) and operator.bound(node) is None:
                known(node, position)
        types = operator.infer(node)
        for type in types:
            _check_size(type)
        if len(types) != len(record.outputs):
            raise Unsupported(f"{len(types)} results were expected, the record has {len(record.outputs)}")
        node.outputs = [
            Value(self._value_name(n, node, k), t, node)
            for k, (n, t) in enumerate(zip(record.outputs, types))
        ]
        if self._varies(operator, node):
            node.attrs["varies"] = True
        else:
            self._check_shapes(record, node)
        if not self._fold(operator, node):
            self.graph.nodes.append(node)
        self.values.update(zip(record.outputs, (self._bounded(v) for v in node.outputs)))

    def _varies(self, operator: type[ops.Operator], node: Node) -> bool:
        """Note which results vary in size with the data; what an operator cannot tell varies as its inputs do."""
        givers = node.inputs if operator.sized_by is None else node.inputs[operator.sized_by :][:1]
        known = all(v not in self.varying or v in self.counting.extents for v in node.inputs)
        varying: list[Value] = []
        try:
            if known:
                extents = self.counting.of(node)
                varying = [v for v, extent in zip(node.outputs, extents) if extent]
        except Unsupported:
            known = False
        if not known and (self.varying.intersection(givers) or operator.varies(node)):
            varying = node.outputs
        self.varying.update(varying)
        return bool(varying)

    def _bounded(self, value: Value) -> Value:
        """The part of a value that can be valid, where more is known of its size than the shape says."""
        extent = self.counting.extents.get(value)
        if extent is None or not always(lambda: 0 < extent.size.most < value.shape[extent.axis]):
            return value
        size = Value("size", TensorType((1,), INT32), const=np.array([extent.size.most], np.int32))
        attrs = {"items": ((extent.axis, False, True, False, False),), "varies": True, "output_dtype": None}
        node = Node("Subtensor", value.name, attrs, [value, size])
        node.origin = value.producer.origin if value.producer is not None else ""
        node.outputs = [Value(value.name, t, node) for t in ops.infer(node)]
        if self.counting.of(node)[0] is None:
            del node.attrs["varies"]
        else:
            self.varying.update(node.outputs)
        value.name = f"{value.name}.whole"
        self.graph.nodes.append(node)
        return node.output

    def _custom(self, record: Record, node: Node, key: str, entry: CustomFunction) -> None:
        """A record that a function of the user's stands for."""
        self.used.add(key)
        if entry.outputs or record.type in custom.FOREIGN:
            types = custom.result_types(record, entry, self.model, self.as_written)
        else:
            node.op = _operator(record).name
            ops.check_record(node)
            types = ops.infer(node)
        node.outputs = [
            Value(self._value_name(n, node, k), t, node)
            for k, (n, t) in enumerate(zip(record.outputs, types))
        ]
        make_custom(node, UserKernel(entry.function), custom.payload(record), custom.title(record))
        self.graph.nodes.append(node)
        self.values.update(zip(record.outputs, node.outputs))

    def _value_name(self, number: int, node: Node, position: int) -> str:
        return self.model.values[number].name or (f"{node.name}:{position}" if position else node.name)

    def _check_shapes(self, record: Record, node: Node) -> None:
        """Compare with the shapes the file states, as long as the inputs have the shapes they were written with."""
        for number, value in zip(record.outputs, node.outputs):
            stated = self.model.values[number].shape
            if self.as_written and stated and stated != (0,) and stated != value.shape:
                raise Unsupported(f"its result has shape {list(value.shape)}, the file says {list(stated)}")

    def _fold(self, operator: type[ops.Operator], node: Node) -> bool:
        """Turn the node's results into constants if everything it reads is known."""
        by_shape = getattr(operator, "reads_shapes_only", False) and not self.varying.intersection(
            node.inputs
        )
        arrays = [_stand_in(v.type) if by_shape else v.const for v in node.inputs]
        given = [a for a in arrays if a is not None]
        if len(given) != len(arrays) or not given or any(depends_on_sizes(v.type) for v in node.outputs):
            return False
        size = sum(v.type.nbytes for v in node.outputs)
        self.folded += size
        if size > MAX_FOLDED or self.folded > MAX_FOLDED_TOTAL:
            why = f"its constant result of {size} bytes is too large to compute beforehand"
            raise Unsupported(why, "make one of its operands a model input")
        with limited(self.budget):
            spend(
                sum(v.type.elements for v in node.outputs) + (0 if by_shape else sum(a.size for a in given))
            )
            results = folded(node, given)
        for value, array in zip(node.outputs, results):
            value.const, value.producer = array, None
            value.type = value.type.with_shape(array.shape)
        if not results:
            return False
        self.varying.difference_update(node.outputs)
        return True

    def _check_inputs(self) -> None:
        names = [value.name for value in self.graph.inputs]
        for name in sorted(set(self.shapes) - {i.name for i in self.model.inputs}):
            advice = f"its inputs are {', '.join(names)}" if names else ""
            problem = Diagnostic(name, "input", "given shapes", "the model has no such input", advice)
            self.problems.problems.append(problem)
        for key in sorted(set(self.functions) - self.used):
            types = sorted({custom.title(r) for r in self.model.records if r.type in custom.FOREIGN})
            advice = f"it has {', '.join(types)}" if types else "it has no operator whose code lies elsewhere"
            why = "the model has no such operator"
            if self.functions[key].optional:
                self.problems.notes.append(f"{key}: {why}, so its results have no effect")
                continue
            self.problems.problems.append(Diagnostic(key, "custom", "configuration", why, advice))


def survey_mge(
    data: bytes,
    source: str,
    input_shapes: Mapping[str, Sequence[int]] | None = None,
    functions: Mapping[str, CustomFunction] | None = None,
) -> tuple[Graph, Diagnostics]:
    """Like ``import_mge``, but problems are returned beside the graph of what could be imported in spite of them.

    ``functions``: C functions that stand for operators, by the operator's name in the file, dump name or type.
    Raises MgeError only.
    """
    problems = Diagnostics(source)
    importer = _Importer(
        read_mge(data), input_shapes or {}, Graph(source), problems, functions=functions or {}
    )
    return importer.run(), problems


def import_mge(data: bytes, source: str, input_shapes: Mapping[str, Sequence[int]] | None = None) -> Graph:
    """The graph of a model file.

    ``source`` names the file in messages. ``input_shapes`` replaces declared input shapes by name. Inputs stand in
    file order, unused ones too; what depends on constants and shapes alone is computed, so shapes are static. Results
    whose size depends on the data have their largest size as shape, and their nodes the attribute 'varies'.
    Raises MgeError if the bytes are no model, CompileError listing every problem if the model cannot be served.
    """
    graph, problems = survey_mge(data, source, input_shapes)
    problems.check()
    return graph


__all__ = ["CompileError", "dtype_of", "import_mge", "survey_mge"]
