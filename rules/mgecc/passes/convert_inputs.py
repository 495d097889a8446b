"""Convert inputs as cameras deliver them (channels last, bytes, not normalised) to what the network expects.

Runs for the inputs that the user names, and has problems to report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, Diagnostics, DType, Graph, Node, Unsupported, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.graph.diagnostics import Diagnostic
from mgecc.ops.shapes import DimshuffleAttrs
from mgecc.ops.type_cvt import TypeCvtAttrs
from mgecc.passes.build import constant, elemwise, node_like

_LAST_TO_FIRST = (0, 3, 1, 2)


@dataclass(frozen=True)
class InputForm:
    """How the application gives an input whose network wants NCHW of its own element type.

    ``dtype``: None for the network's own. The network gets (x * scale - mean) / std; ``mean`` and ``std`` have one
    number for each channel, one for all, or none.
    """

    channels_last: bool = False
    dtype: DType | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    scale: float = 1.0

    @property
    def affine(self) -> tuple[np.ndarray, np.ndarray]:
        """Factor and shift: the network gets x * factor + shift."""
        std = np.asarray(self.std or (1.0,), np.float64)
        return self.scale / std, -np.asarray(self.mean or (0.0,), np.float64) / std

    def to_network(self, stack: np.ndarray, dtype: DType) -> np.ndarray:
        """What the network gets for cases that the application gives, stacked on axis 0."""
        transposed = stack.transpose(0, 1, 4, 2, 3) if self.channels_last else stack
        values = np.ascontiguousarray(transposed, dtype.numpy)
        factor, shift = (v.reshape(-1, *[1] * max(values.ndim - 3, 0)) for v in self.affine)
        return (
            values
            if (factor == 1).all() and (shift == 0).all()
            else (values * factor + shift).astype(dtype.numpy)
        )


def run(graph: Graph, forms: Mapping[str, InputForm], problems: Diagnostics) -> None:
    """Change the inputs to their forms and put the conversions in front; what cannot be goes to ``problems``."""
    known = {value.name: value for value in graph.inputs}
    for name, form in forms.items():
        try:
            if name not in known:
                advice = f"its inputs are {', '.join(known)}" if known else ""
                raise Unsupported("the model has no such input", advice)
            _convert(graph, known[name], form)
        except Unsupported as error:
            problems.problems.append(Diagnostic(name, "input", "configuration", error.why, error.advice))


def _convert(graph: Graph, old: Value, form: InputForm) -> None:
    """Bytes are transposed before they are widened: there are fewer of them."""
    value = Value(old.name, old.type.with_dtype(form.dtype or old.type.dtype))
    steps = _Conversions(f"model input {old.name}", value)
    if form.dtype:
        graph.wide_inputs.pop(old.name, None)
    if form.channels_last:
        n, c, h, w = _images(old).shape
        value.type = value.type.with_shape((n, h, w, c))
        steps.add("Dimshuffle", DimshuffleAttrs(_LAST_TO_FIRST))
    if value.type.dtype != old.type.dtype:
        steps.add("TypeCvt", TypeCvtAttrs(old.type.dtype))
    factor, shift = form.affine
    steps.scale("mul", factor, 1.0)
    steps.scale("add", shift, 0.0)
    graph.inputs = [value if v is old else v for v in graph.inputs]
    graph.replace(old, steps.last)
    graph.nodes = [*steps.nodes, *graph.nodes]


def _images(value: Value) -> Value:
    if value.type.rank != 4:
        raise Unsupported(f"it has the shape {list(value.shape)}; only images of four axes have a layout")
    return value


class _Conversions:
    """Nodes one behind the other, from an input on."""

    def __init__(self, origin: str, value: Value) -> None:
        self.origin = origin
        self.nodes: list[Node] = []
        self.last = value

    def add(self, op: str, attrs: Attributes) -> None:
        self._append(node_like(self._named(op), op, attrs, [self.last]))

    def scale(self, mode: str, numbers: np.ndarray, neutral: float) -> None:
        """An Elemwise node with one constant number for each channel, unless it changes nothing."""
        if (numbers == neutral).all():
            return
        if self.last.type.dtype.name != "float32":
            raise Unsupported(
                f"its network wants {self.last.type.dtype}; mean, std and scale are for float32"
            )
        shape, rank = self.last.shape, self.last.type.rank
        if numbers.size > 1 and (rank < 2 or numbers.size != shape[1]):
            why = f"{numbers.size} numbers for mean or std do not fit the channels of {list(shape)}"
            raise Unsupported(why, "give one number for each channel, or one for all")
        if (numbers == numbers[0]).all():  # then functions of one byte of all channels are one table
            numbers = numbers[:1]
        old = self._named(mode)
        value = constant(
            f"{old.name}.by", numbers.reshape((1, -1, *[1] * (rank - 2))[:rank]), self.last.type.dtype
        )
        self._append(elemwise(old, mode, self.last, value))

    def _append(self, node: Node) -> None:
        self.nodes.append(node)
        self.last = node.output

    def _named(self, word: str) -> Node:
        return Node(word, f"{self.last.name}.{word.lower()}", NoAttrs(), [], origin=self.origin)
