"""Running sums and products along an axis. Floats are computed in double precision and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mgecc.graph import Attributes, Node, TensorType, Unsupported
from mgecc.graph.symbolic import at_max_sizes
from mgecc.ops.counted import Extents, Given, Maker, with_filled
from mgecc.ops.known import axis_of
from mgecc.ops.registry import Operator, operator
from mgecc.ops.spans import Span, powers, sums


@dataclass(frozen=True)
class CumulativeAttrs(Attributes):
    """Along ``axis``, without the own element if ``exclusive``, from the end if ``reverse``."""

    axis: int
    exclusive: bool = False
    reverse: bool = False


def _excluded(total: np.ndarray, axis: int, first: int) -> np.ndarray:
    """Results without the own element: moved by one, ``first`` before them."""
    moved = np.roll(total, 1, axis)
    place = [slice(None)] * total.ndim
    place[axis] = slice(0, 1)
    moved[tuple(place)] = first
    return moved


class _Cumulative(Operator):
    """``neutral``: what the result of no elements is. ``accumulated``: what so many integers of a span come to."""

    Attributes = CumulativeAttrs
    operands = "number"
    limits = "one axis"
    neutral: int
    running: Callable[..., np.ndarray]
    accumulated: Callable[[Span, int], Span]

    @classmethod
    def exact_span(cls, node: Node, spans: Sequence[Span]) -> Span:
        axis = node.attributes(CumulativeAttrs).axis
        return cls.accumulated(spans[0], at_max_sizes(node.inputs[0].shape[axis]))

    @staticmethod
    def counted(node: Node, given: Given) -> Extents:
        return given.all(given.only())

    @classmethod
    def lowered(cls, node: Node, given: Given, found: Extents, make: Maker) -> Node:
        attrs = node.attributes(CumulativeAttrs)
        axis = axis_of(attrs.axis, node.inputs[0].type.rank)
        return with_filled(node, given, make, {0: cls.neutral}, axis) if attrs.reverse else node

    @staticmethod
    def infer(node: Node) -> list[TensorType]:
        x = node.inputs[0].type
        axis_of(node.attributes(CumulativeAttrs).axis, x.rank)
        if x.dtype.is_quantized or x.dtype.name == "bool":
            raise Unsupported(f"cumulative results of {x.dtype} data are not served")
        return [x]

    @classmethod
    def evaluate(cls, node: Node, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        attrs = node.attributes(CumulativeAttrs)
        axis = axis_of(attrs.axis, inputs[0].ndim)
        x = np.flip(inputs[0], axis) if attrs.reverse else inputs[0]
        with np.errstate(all="ignore"):
            total = cls.running(x, axis, dtype=np.float64 if x.dtype.kind == "f" else np.int64)
            if attrs.exclusive:
                total = _excluded(total, axis, cls.neutral)
            result = np.flip(total, axis) if attrs.reverse else total
            return [result.astype(inputs[0].dtype)]


@operator("Cumsum")
class Cumsum(_Cumulative):
    """Cumulative sums along ``axis``; ``exclusive`` leaves out the own element, ``reverse`` sums from the end."""

    neutral = 0
    running = staticmethod(np.cumsum)
    accumulated = staticmethod(sums)


@operator("Cumprod")
class Cumprod(_Cumulative):
    """Cumulative products along ``axis``; ``exclusive`` leaves out the own element, ``reverse`` starts at the end."""

    neutral = 1
    running = staticmethod(np.cumprod)
    accumulated = staticmethod(powers)
