"""Operators that a C function of the application's stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mgecc.frontends.errors import printable
from mgecc.frontends.tensors import Tensor
from mgecc.graph import Diagnostic, DType, Node, TensorType, Unsupported, Value
from mgecc.graph.attributes import Stated
from mgecc.ops.custom import CustomFunction, UserKernel, make_custom

from .constants import type_of
from .model import Operator

if TYPE_CHECKING:
    from .frame import Frame
    from .importer import TfliteImporter


def function_for(work: TfliteImporter, operator: Operator, name: str) -> CustomFunction | None:
    """The user's entry for an operator: by the name of its first result, or its type."""
    key = next((key for key in (name, operator.type) if key in work.functions), None)
    if key is None:
        return None
    work.used.add(key)
    return work.functions[key]


def call(
    frame: Frame, operator: Operator, name: str, entry: CustomFunction, operands: Sequence[Tensor | None]
) -> list[Tensor]:
    """The results of a function, which have the types that the user states, or the file."""
    build, types = frame.work.build, _result_types(frame, operator, entry)
    given = [x.value for x in operands if x is not None]
    node = Node(operator.type, name, Stated(dict(operator.options)), given)
    node.outputs = [Value(build.result_name(k, len(types)), type_, node) for k, type_ in enumerate(types)]
    title = printable(operator.type)
    make_custom(node, UserKernel(entry.function), operator.options, operator.custom_options, title)
    return [Tensor(value, value.shape, value.type.dtype) for value in build.append(node)]


def _result_types(frame: Frame, operator: Operator, entry: CustomFunction) -> list[TensorType]:
    tensors = [frame.graph.tensors[n] for n in operator.outputs]
    stated = entry.outputs or tuple((type_of(x).name, None) for x in tensors)
    if len(stated) != len(tensors):
        raise Unsupported(f"it has {len(tensors)} results, {len(stated)} are described in the configuration")
    if any(shape is None for _, shape in stated) and not frame.work.build.as_written:
        why = "the file states the shapes of its results for other input shapes"
        raise Unsupported(why, f"state them: custom: {{{operator.type}: {{outputs: [...]}}}} in model.yaml")
    shapes = (tuple(map(abs, x.shape)) or (1,) for x in tensors)
    return [TensorType(shape or own, DType(dtype)) for (dtype, shape), own in zip(stated, shapes)]


def unknown(work: TfliteImporter) -> list[Diagnostic]:
    """Functions for operators that the model does not have."""
    types = sorted({o.type for graph in work.model.subgraphs for o in graph.operators if o.is_custom})
    advice = f"it has {', '.join(types)}" if types else "it has no operator whose code lies elsewhere"
    missing = [key for key in sorted(set(work.functions) - work.used) if not work.functions[key].optional]
    return [
        Diagnostic(key, "custom", "configuration", "the model has no such operator", advice)
        for key in missing
    ]
