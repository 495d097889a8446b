"""What the planner decided and what it weighed, for the report: no other product depends on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mgecc.graph import Patched, TensorType, Value
from mgecc.graph.changes import Change
from mgecc.graph.provenance import Provenance
from mgecc.graph.symbolic import at_max_sizes
from mgecc.kernels.base import Candidate
from mgecc.ops import find
from mgecc.planner.buffers import Buffer
from mgecc.planner.shrink import Choice


@dataclass(frozen=True)
class Estimate:
    """A candidate as it was weighed: executed instructions, bytes of code, scratch and packed weights, and layouts.

    ``layout``: blocks of channels of the inputs and of the outputs. ``why``: what the candidate is, in a phrase.
    """

    why: str
    instructions: int
    code: int
    scratch: int
    weights: int
    layout: tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Step:
    """One node as it is computed. ``calls``: positions of its calls in the program.

    ``name``, ``operator``, ``origin``: as of ``Node``. ``weights``: bytes of its constants, before kernels pack them.
    ``others``: the candidates that were not taken.
    ``fused``: name and operator of each node of the model file that it computes, where they are known.
    """

    name: str
    operator: str
    origin: str
    inputs: tuple[tuple[str, TensorType], ...]
    outputs: tuple[tuple[str, TensorType], ...]
    macs: int
    weights: int
    calls: range
    chosen: Estimate
    others: tuple[Estimate, ...]
    fused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Region:
    """Bytes of the arena that hold values, or scratch memory, from step ``first`` to step ``last`` inclusive.

    Steps count from 1; what is there before the first one is live from 0, what is read after the last one is live to
    one more. ``values``: name, offset in the region and bytes of each.
    """

    offset: int
    size: int
    first: int
    last: int
    values: tuple[tuple[str, int, int], ...]

    @property
    def is_scratch(self) -> bool:
        return not self.values


@dataclass(frozen=True)
class Facts:
    """``changes``: what passes did to the graph before it was planned. ``digest``: SHA-256 of the model file.

    ``patched``: what is computed patch by patch.
    """

    steps: tuple[Step, ...] = ()
    regions: tuple[Region, ...] = ()
    changes: tuple[Change, ...] = ()
    digest: str = ""
    patched: tuple[Patched, ...] = ()

    @staticmethod
    def of(
        chosen: Sequence[Choice],
        calls: Iterable[int],
        offsets: dict[Buffer, int],
        patched: tuple[Patched, ...] = (),
    ) -> Facts:
        """Facts of a plan. ``calls``: how many each choice has. ``offsets``: of all buffers, whose sizes are known."""
        return Facts(_steps(chosen, calls), _regions(offsets), patched=patched)

    def traced(self, digest: str, origins: Provenance, changes: tuple[Change, ...]) -> Facts:
        """These facts, with what led from the model file to the graph that was planned."""
        alive = {name for step in self.steps for name, _ in (*step.inputs, *step.outputs)}
        traced = (
            replace(step, fused=origins.fused(step.name, [name for name, _ in step.outputs], alive))
            for step in self.steps
        )
        return replace(self, steps=tuple(traced), changes=changes, digest=digest)


def _steps(chosen: Sequence[Choice], calls: Iterable[int]) -> tuple[Step, ...]:
    made, first = [], 0
    for choice, count in zip(chosen, calls, strict=True):
        made.append(_step(choice, range(first, first + count)))
        first += count
    return tuple(made)


def _step(choice: Choice, calls: range) -> Step:
    node = choice.node
    others = [
        c for c in choice.alternatives if c is not choice.candidate and c.build is not choice.candidate.build
    ]
    return Step(
        node.name,
        node.op,
        node.origin,
        _types(v for v in node.inputs if not v.is_const),
        _types(node.outputs),
        at_max_sizes(find(node.op).macs(node)),
        sum(v.const.nbytes for v in node.inputs if v.const is not None),
        calls,
        _estimate(choice.candidate),
        tuple(dict.fromkeys(map(_estimate, others))),
    )


def _types(values: Iterable[Value]) -> tuple[tuple[str, TensorType], ...]:
    return tuple((value.name, value.type) for value in values)


def _estimate(candidate: Candidate) -> Estimate:
    return Estimate(
        candidate.why,
        round(at_max_sizes(candidate.cost)),
        at_max_sizes(candidate.code),
        at_max_sizes(candidate.scratch),
        at_max_sizes(candidate.weights),
        (candidate.in_blocks, candidate.out_blocks),
    )


def _regions(offsets: dict[Buffer, int]) -> tuple[Region, ...]:
    """The memory plan, by step and then by place."""
    found = [
        Region(
            offset,
            at_max_sizes(buffer.size),
            buffer.first,
            buffer.last,
            tuple((v.name, at_max_sizes(at), at_max_sizes(v.type.nbytes)) for v, at in buffer.values.items()),
        )
        for buffer, offset in offsets.items()
    ]
    return tuple(sorted(found, key=lambda region: (region.first, region.offset, region.last)))
