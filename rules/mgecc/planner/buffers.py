"""Which values share memory: views, parts of a concatenation, results written over their operand (in place)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial

from mgecc.graph import Graph, Value
from mgecc.graph.symbolic import always, lenient
from mgecc.kernels.base import Alias, Call, Candidate, Workspace
from mgecc.planner.states import kept_values


def aligned(nbytes: int, align: int) -> int:
    return -(-nbytes // align) * align


@dataclass(eq=False)
class Buffer:
    """A run of bytes that one or more values share; live from step ``first`` to step ``last`` inclusive.

    ``outside``: None, or for memory of the application's the input or output that it is, which fills it.
    """

    size: int
    first: int
    last: int
    values: dict[Value, int] = field(default_factory=dict)
    scratch: Workspace | None = None
    outside: Value | None = None


@dataclass(frozen=True, eq=False)
class ScheduledNode:
    """One node's calls, with what memory planning needs to know of its candidate. ``chunks``: for threads, at most."""

    calls: tuple[Call, ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    candidate: Candidate
    chunks: int = 1


class Sharing:
    """Puts every value that is not constant into a buffer; ``outside``: inputs and outputs outside of the arena."""

    def __init__(
        self, graph: Graph, steps: list[ScheduledNode], outside: Collection[Value] = frozenset()
    ) -> None:
        self.buffer: dict[Value, Buffer] = {}
        self.dropped: set[Call] = set()
        self._fixed = graph.output_values()
        self._steps = steps
        self._states = kept_values(graph)
        self._last = _last_uses(graph, steps)
        self._outside = outside
        self._inputs = set(graph.inputs)
        for value in graph.inputs:
            self._own(value, 0)
        for number, step in enumerate(steps, 1):
            for value in step.outputs:
                self._own(value, number)
        for stored, state in self._states.items():
            if not self._merge(Alias(stored, state, 0)):
                raise AssertionError(f"{stored} does not fit into {state}")
        with lenient():
            for number, step in enumerate(steps, 1):
                self._share(number, step)

    def _own(self, value: Value, step: int) -> None:
        if value not in self.buffer:
            last = max(step, self._last.get(value, step))
            own = value if value in self._outside else None
            self.buffer[value] = Buffer(value.type.nbytes, step, last, {value: 0}, outside=own)

    def offset(self, value: Value) -> int:
        """Byte offset of the value in its buffer."""
        return self.buffer[value].values[value]

    def _share(self, number: int, step: ScheduledNode) -> None:
        for place in step.candidate.aliases:
            if not self._merge(place):
                raise AssertionError(f"{place.inner} cannot be a view of {place.outer}")
        self._place_parts([call for call in step.calls if call.alias is not None])
        for position in step.candidate.inplace:
            if self._over(number, step, position):
                return

    def _place_parts(self, copies: list[Call]) -> None:
        """Drop the copies whose part can be computed inside the whole."""
        places = [call.alias for call in copies if call.alias is not None]
        for call, place in zip(copies, places):
            if always(partial(self._copyless, place, places)) and self._merge(place):
                self.dropped.add(call)

    def _copyless(self, place: Alias, all_places: list[Alias]) -> bool:
        """The network itself computes the part, and every byte of its memory belongs to the whole at that place."""
        inner, outer = self.buffer.get(place.inner), self.buffer[place.outer]
        if inner is None or inner.first == 0 or place.inner in self._fixed or inner is outer:
            return inner is outer and inner is not None
        if place.outer in self._states and not self._is_free(outer, inner):
            return False
        start = place.offset - inner.values[place.inner]
        covered = [
            (inner.values[p.inner], inner.values[p.inner] + p.inner.type.nbytes)
            for p in all_places
            if p.inner in inner.values and p.offset - inner.values[p.inner] == start
        ]
        return not _gaps(sorted(covered), inner.size)

    def _is_free(self, kept: Buffer, new: Buffer) -> bool:
        """Whether the last reader of a state is done with it when the new contents are begun, or may overwrite it."""
        old = [value for value in kept.values if value not in self._states]
        last = max(self._last.get(value, 0) for value in old)
        if last < new.first:
            return new.size <= kept.size
        step = self._steps[new.first - 1]
        read = [k for k, value in enumerate(step.inputs) if value in old]
        overwrites = len(read) == 1 and read[0] in step.candidate.inplace and step.outputs[0] in new.values
        return last == new.first and overwrites and new.size == kept.size

    def _over(self, number: int, step: ScheduledNode, position: int) -> bool:
        """Write output 0 over an input that nobody reads afterwards."""
        value, result = step.inputs[position], step.outputs[0]
        old = self.buffer.get(value)
        if (
            old is None
            or old is self.buffer[result]
            or old.last > number
            or old.outside in self._inputs
            or value.type.nbytes != result.type.nbytes
        ):
            return False
        if any(v is not value and v in step.inputs for v in old.values) or step.inputs.count(value) > 1:
            return False
        return self._merge(Alias(value, result, 0))

    def _merge(self, place: Alias) -> bool:
        """Move everything of the inner value's buffer into the outer one's."""
        inner, outer = self.buffer[place.inner], self.buffer[place.outer]
        if inner is outer:
            return inner.values[place.inner] == inner.values[place.outer] + place.offset
        delta = outer.values[place.outer] + place.offset - inner.values[place.inner]
        if always(lambda: delta >= 0 and delta + inner.size <= outer.size):
            return self._absorb(outer, inner, delta)
        if always(lambda: delta <= 0 and -delta + outer.size <= inner.size):
            return self._absorb(inner, outer, -delta)
        return False

    def _absorb(self, outer: Buffer, inner: Buffer, delta: int) -> bool:
        """Unless memory outside of the arena would be more than its input or output, or hold others besides."""
        if inner.outside is not None and (outer.outside is not None or inner.size != outer.size):
            return False
        other = inner if outer.outside else outer if inner.outside else None
        if other and any(value in self._inputs or value in self._fixed for value in other.values):
            return False
        for value, offset in inner.values.items():
            outer.values[value] = offset + delta
        outer.first, outer.last = min(outer.first, inner.first), max(outer.last, inner.last)
        outer.outside = outer.outside or inner.outside
        self.buffer.update(dict.fromkeys(inner.values, outer))
        return True

    def buffers(self) -> list[Buffer]:
        return list(dict.fromkeys(self.buffer.values()))


def _gaps(covered: list[tuple[int, int]], size: int) -> bool:
    """Whether some byte below ``size`` is in none of the sorted ranges."""
    end = 0
    for low, high in covered:
        if low > end:
            return True
        end = max(end, high)
    return end < size


def _last_uses(graph: Graph, steps: list[ScheduledNode]) -> dict[Value, int]:
    last: dict[Value, int] = {}
    for number, step in enumerate(steps, 1):
        last.update(dict.fromkeys(step.inputs, number))
    last.update({v: len(steps) + 1 for _, v in graph.outputs})
    return last
