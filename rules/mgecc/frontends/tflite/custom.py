"""Operators that a C function of the application's stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mgecc.frontends.custom import add_call
from mgecc.frontends.errors import printable
from mgecc.frontends.tensors import Tensor
from mgecc.graph import DType, Node, TensorType, Unsupported
from mgecc.graph.attributes import Stated
from mgecc.ops.custom import CustomFunction

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
    frame: Frame, operator: Operator, said: Node, entry: CustomFunction, operands: Sequence[Tensor | None]
) -> list[Tensor]:
    """The results of a function, which have the types that the user states, or the file."""
    build, types = frame.work.build, _result_types(frame, operator, entry)
    given = [x.value for x in operands if x is not None]
    node = Node(operator.type, said.name, Stated(dict(operator.options)), given, origin=said.origin)
    title, data = printable(operator.type), operator.custom_options
    values = add_call(build, node, types, entry.function, operator.options, data, title)
    return [Tensor(value, value.shape, value.type.dtype) for value in values]


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


def foreign_types(work: TfliteImporter) -> list[str]:
    """Types of all operators whose code is not in the standard."""
    return [o.type for graph in work.model.subgraphs for o in graph.operators if o.is_custom]
