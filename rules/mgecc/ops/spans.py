"""Which whole numbers a value can hold, and conditions on them: which of them hold for each number exactly once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from math import ceil, floor, isfinite

from mgecc.graph import Node, Value
from mgecc.graph.attributes import named
from mgecc.graph.symbolic import has_sizes

Span = tuple[int, int]
"""The smallest and the largest number."""

BITS: Span = (0, 1)
_DEEPEST = 40
_END = 1 << 62
_known: ContextVar[dict[Value, Span | None]] = ContextVar("spans")
"""Spans found for the question that is being answered."""
_COMPARISONS = ("eq", "neq", "lt", "leq")


def union(spans: Iterable[Span | None]) -> Span | None:
    """The span of all these numbers; None if one of the spans is not known."""
    found = list(spans)
    known = [span for span in found if span is not None]
    if not known or len(known) < len(found):
        return None
    return min(low for low, _ in known), max(high for _, high in known)


def products(a: Span, b: Span) -> Span:
    """Of a number of each."""
    found = [x * y for x in a for y in b]
    return min(found), max(found)


def sums(span: Span, count: int) -> Span:
    """Of up to ``count`` numbers."""
    return min(0, count * span[0]), max(0, count * span[1])


def powers(span: Span, count: int) -> Span:
    """Products of up to ``count`` numbers; beyond 64 they fit nothing, and need not be exact."""
    most = int(max(1, largest(span)) ** min(max(count, 0), 64))
    return -most, most


def largest(span: Span) -> int:
    """The largest magnitude."""
    return max(map(abs, span))


def whole_range(value: Value) -> Span | None:
    """What the element type can hold; None if that is not whole numbers only."""
    dtype = value.type.dtype
    return None if dtype.is_float or dtype.is_quantized else BITS if dtype.name == "bool" else dtype.range


def positions(*sizes: int) -> Span | None:
    """The indices of axes of these sizes."""
    return None if has_sizes(sizes) else (0, max(0, *(n - 1 for n in sizes)))


def within(span: Span | None, value: Value) -> Span | None:
    """``span``, unless a number of it does not fit the element type and would wrap around."""
    full = whole_range(value)
    return span if full is None or (span and full[0] <= span[0] and span[1] <= full[1]) else full


def _mode(node: Node) -> str:
    return str(named(node.attrs)["mode"])


def is_comparison(node: Node) -> bool:
    if node.op not in ("Elemwise", "ElemwiseMultiType") or node.output.type.dtype.is_quantized:
        return False
    return _mode(node) in _COMPARISONS


def span_of(value: Value, depth: int = 0) -> Span | None:
    """What ``value`` can hold if it holds whole numbers only, as far as the nodes before it tell; else None.

    ``depth``: how many nodes behind it have been asked already. Each value before it is looked at once.
    """
    known = _known.get() if depth else {}
    if not depth:
        _known.set(known)
    if value not in known:
        known[value] = _span_of(value, depth)
    return known[value]


def _span_of(value: Value, depth: int) -> Span | None:
    from mgecc.ops.registry import find  # which imports this module

    dtype = value.type.dtype
    if dtype.name == "bool":
        return BITS
    if value.const is not None and value.const.size and value.const.dtype != object:
        return None if dtype.is_float else (int(value.const.min()), int(value.const.max()))
    node = value.producer
    if depth > _DEEPEST or dtype.is_quantized or node is None:
        return whole_range(value)
    return find(node.op).span(node, value, depth + 1)


def follow(nodes: Iterable[Node], inputs: Mapping[Value, Span]) -> Iterator[tuple[Node, list[Span | None]]]:
    """Every node with the spans of its operands, nodes being in order. ``inputs``: what is known of some inputs."""
    known: dict[Value, Span | None] = dict(inputs)
    for node in nodes:
        _known.set(known)
        spans = spans_of(node.inputs, 1)
        for value in node.outputs:
            span_of(value, 1)
        yield node, spans


def spans_of(values: Sequence[Value], depth: int) -> list[Span | None]:
    return [span_of(value, depth) for value in values]


@dataclass(frozen=True)
class Condition:
    """That numbers of ``operand``, which are in ``within``, are in one of ``parts``: spans in order, with gaps."""

    operand: Value
    within: Span
    parts: tuple[Span, ...]

    @property
    def always(self) -> bool:
        return self.parts == (self.within,)

    @property
    def opposite(self) -> Condition:
        (first, last), gaps = self.within, []
        for low, high in self.parts:
            gaps.append((first, low - 1))
            first = high + 1
        return self.of((*gaps, (first, last)))

    def of(self, parts: Iterable[Span]) -> Condition:
        """Of the same operand, for other numbers."""
        first, last = self.within
        inside = [(max(low, first), min(high, last)) for low, high in parts]
        return Condition(self.operand, self.within, tuple(part for part in inside if part[0] <= part[1]))


def cover(conditions: Sequence[Condition]) -> bool:
    """Whether of these conditions on one operand exactly one holds for every number."""
    first, last = conditions[0].within
    for low, high in sorted(part for condition in conditions for part in condition.parts):
        if low != first:
            return False
        first = high + 1
    return first == last + 1


def compared(value: Value, mode: str, number: float, swapped: bool = False) -> Condition | None:
    """That ``value`` compares with a number as ``mode`` says, in the other order if ``swapped``.

    None if it may be no whole number, or the number is not finite.
    """
    span = span_of(value)
    if span is None or not isfinite(number):
        return None
    below, above = (-_END, ceil(number) - 1), (floor(number) + 1, _END)
    equal = [(int(number), int(number))] if number == int(number) else []
    parts = {
        "eq": equal,
        "neq": [below, above],
        "lt": [above if swapped else below],
        "leq": [*equal, above] if swapped else [below, *equal],
    }[mode]
    return _before(Condition(value, span, ()).of(_merged(parts)))


def _merged(parts: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for low, high in parts:
        if found and found[-1][1] + 1 == low:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return found


def _before(condition: Condition) -> Condition:
    """The same condition in terms of the numbers of which ``operand`` was made, as far back as can be told."""
    for _ in range(_DEEPEST):
        node = condition.operand.producer
        earlier = _step(condition, node) if node is not None else None
        if earlier is None:
            break
        condition = earlier
    return condition


def _step(condition: Condition, node: Node) -> Condition | None:
    if node.op == "Reshape":
        return _moved(condition, node.inputs[0], condition.within)
    if node.op == "TypeCvt":
        span = span_of(node.inputs[0])
        return _moved(condition, node.inputs[0], span) if span == condition.within else None
    if condition.within != BITS or condition.parts not in (((0, 0),), ((1, 1),)):
        return None
    if node.op == "Elemwise" and _mode(node) == "not":
        return _moved(condition, node.inputs[0], BITS).opposite
    asked = _asked(node) if is_comparison(node) else None
    return asked.opposite if asked is not None and condition.parts == ((0, 0),) else asked


def _moved(condition: Condition, operand: Value, within: Span) -> Condition:
    return Condition(operand, within, condition.parts)


def _asked(node: Node) -> Condition | None:
    """What a comparison with a number asks of its other operand."""
    for position, number in enumerate(node.inputs):
        if number.const is not None and number.const.size == 1 and number.const.dtype != object:
            other = node.inputs[1 - position]
            return compared(other, _mode(node), float(number.const.reshape(-1)[0]), position == 0)
    return None
