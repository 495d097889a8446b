"""Graph -> Program: selection, sharing, arena, weights."""

from __future__ import annotations

from dataclasses import replace

from mgecc.graph import Diagnostics, Graph, State, Value
from mgecc.graph.polynomials import Atom
from mgecc.graph.symbolic import Undecided, at_max_sizes, sizes_in, upper_bound
from mgecc.kernels.base import Call, Const, Operand, Workspace
from mgecc.ops import find
from mgecc.planner import arena, outside, patches, slices, threads
from mgecc.planner.buffers import Buffer, ScheduledNode, Sharing, aligned
from mgecc.planner.facts import Facts
from mgecc.planner.limits import Goal
from mgecc.planner.order import reorder
from mgecc.planner.program import IOTensor, Program, ProgramCall, Ref, StatePlace
from mgecc.planner.select import select
from mgecc.planner.shrink import Choice
from mgecc.planner.size_patches import with_copy
from mgecc.planner.states import add_stores, move_stores_last
from mgecc.planner.weights import WeightSection
from mgecc.targets import Target


class _Places:
    """Where every operand lies, once the arena is planned."""

    def __init__(
        self,
        sharing: Sharing,
        steps: list[ScheduledNode],
        weights: WeightSection,
        align: int,
        numbers: dict[Value, int],
    ) -> None:
        self.sharing = sharing
        self.weights = weights
        scratch = _scratch(steps, sharing)
        buffers = [*(b for b in sharing.buffers() if b.outside is None), *scratch.values()]
        for buffer in buffers:
            buffer.size = aligned(upper_bound(buffer.size), align)
        self.offsets, self.size = arena.place(buffers)
        self.bound = arena.bound(buffers)
        self._scratch = scratch
        self._numbers = numbers

    def ref(self, operand: Operand) -> Ref | None:
        if operand is None:
            return None
        if isinstance(operand, Const):
            return self.weights.add(operand)
        if isinstance(operand, Workspace):
            return Ref("arena", self.offsets[self._scratch[operand]])
        return self.value(operand)

    def value(self, value: Value) -> Ref:
        if value.const is not None:
            return self.weights.add_array(value.const)
        buffer, offset = self.sharing.buffer[value], self.sharing.offset(value)
        if buffer.outside is not None:
            return outside.reference(self._numbers[buffer.outside], offset)
        return Ref("arena", self.offsets[buffer] + offset)


def _scratch(steps: list[ScheduledNode], sharing: Sharing) -> dict[Workspace, Buffer]:
    """A buffer for each workspace, live during its own step only."""
    return {
        operand: Buffer(threads.scratch_bytes(call, operand, step.chunks), number, number, scratch=operand)
        for number, step in enumerate(steps, 1)
        for call in step.calls
        if call not in sharing.dropped
        for operand in call.operands
        if isinstance(operand, Workspace)
    }


def _step(choice: Choice, goal: Goal) -> ScheduledNode:
    node = choice.node
    calls = tuple(choice.candidate.build(node))
    chunks = threads.max_chunks(at_max_sizes(find(node.op).macs(node)), goal.threads)
    return ScheduledNode(calls, tuple(node.inputs), tuple(node.outputs), choice.candidate, chunks)


def _steps(chosen: list[Choice], goal: Goal, problems: Diagnostics) -> list[ScheduledNode]:
    steps = []
    for choice in chosen:
        try:
            steps.append(_step(choice, goal))
        except Undecided as error:
            problems.add_error(choice.node, error)
    problems.check()
    return steps


def _sizes(graph: Graph) -> tuple[Atom, ...]:
    """The sizes that the inputs have, in the order of inputs and axes."""
    dimensions = (n for v in graph.inputs for n in v.shape)
    return tuple(dict.fromkeys(size for n in dimensions for size in sizes_in(n)))


def _calls(choice: Choice, step: ScheduledNode, places: _Places) -> list[ProgramCall]:
    kept = [call for call in step.calls if call not in places.sharing.dropped]
    work = find(choice.node.op).macs(choice.node)
    calls: list[ProgramCall] = []
    for position, call in enumerate(kept):
        placed = _call(call, choice, places, work if position == 0 else 0)
        calls += threads.chunks_of(call, placed, step.chunks)
    return calls


def _all_calls(
    chosen: list[Choice], steps: list[ScheduledNode], places: _Places, problems: Diagnostics
) -> list[list[ProgramCall]]:
    """The calls of each choice."""
    calls: list[list[ProgramCall]] = []
    for choice, step in zip(chosen, steps):
        try:
            calls.append(_calls(choice, step, places))
        except Undecided as error:
            problems.add_error(choice.node, error)
    problems.check()
    return calls


def _call(call: Call, choice: Choice, places: _Places, work: int) -> ProgramCall:
    operands = tuple(places.ref(operand) for operand in call.operands)
    why = choice.candidate.why
    return ProgramCall(
        call.kernel, operands, call.scalar_args, choice.node.name, work, why, fallback=call.fallback
    )


def plan(graph: Graph, target: Target, goal: Goal, problems: Diagnostics) -> Program:
    """Plan a graph for one target; CompileError if some node cannot be served."""
    chosen = choose(graph, target, goal, problems)
    weights = WeightSection(max(16, 4 * target.lanes))
    return replace(place(graph, target, chosen, goal, problems, weights), weights=weights.bytes())


def choose(graph: Graph, target: Target, goal: Goal, problems: Diagnostics) -> list[Choice]:
    """Order a graph's nodes and choose a candidate for each; CompileError if some node cannot be served."""
    add_stores(graph)
    outside.place_outside(graph, goal.outside, target)
    reorder(graph)
    if goal.kind == "memory":
        patches.for_memory(graph, target, goal.enough)
        slices.for_memory(graph, target, goal.enough)
    elif target.cache and goal.kind == "speed" and goal.threads == 1:
        slices.for_cache(graph, target)
    move_stores_last(graph)
    chosen = select(graph, target, goal, problems)
    problems.check()
    return chosen


def place(
    graph: Graph,
    target: Target,
    chosen: list[Choice],
    goal: Goal,
    problems: Diagnostics,
    weights: WeightSection,
) -> Program:
    """Lay out the memory of chosen candidates. ``weights``: a section that several programs may fill together. The
    program gets its bytes when all are there; see ``share_weights``.
    """
    steps = _steps(chosen, goal, problems)
    numbers = outside.numbers(graph, goal.outside)
    places = _Places(Sharing(graph, steps, numbers), steps, weights, target.align, numbers)
    calls = _all_calls(chosen, steps, places, problems)
    states = tuple(_state(state, graph, places, weights) for state in graph.states)
    inputs = tuple(
        IOTensor(
            v.name, v.type, places.value(v), None, graph.aliases.get(v.name, ""), graph.ranges.get(v.name)
        )
        for v in graph.given_inputs
    )
    program = Program(
        graph.name,
        target.name,
        inputs,
        _outputs(graph, places),
        tuple(call for made in calls for call in made),
        b"",
        places.size,
        places.bound,
        _sizes(graph),
        states=states,
        facts=Facts.of(chosen, map(len, calls), places.offsets, graph.patched),
    )
    return with_copy(program)


def _outputs(graph: Graph, places: _Places) -> tuple[IOTensor, ...]:
    results = graph.results
    position = {k: number for number, k in enumerate(results)}
    extents = {k: (axis, position[size]) for k, (axis, size) in graph.extents.items() if k in results}
    return tuple(IOTensor(name, v.type, places.value(v), extents.get(k)) for k, (name, v) in results.items())


def _state(state: State, graph: Graph, places: _Places, weights: WeightSection) -> StatePlace:
    value = next(v for v in graph.inputs if v.name == state.name)
    is_zero = state.initial is None or not state.initial.any()
    initial = None if state.initial is None or is_zero else weights.add_array(state.initial)
    return StatePlace(state.name, value.type, places.value(value), initial)


def share_weights(programs: list[Program], weights: WeightSection) -> tuple[Program, ...]:
    """Give programs that were planned over one section its final bytes: equal tensors are in the blob once."""
    data = weights.bytes()
    read = [(program.target, _constants(program, weights)) for program in programs]
    others = [set().union(*(found for target, found in read if target != p.target)) for p in programs]
    return tuple(
        replace(program, weights=data, unshared=weights.size(own - theirs))
        for program, (_, own), theirs in zip(programs, read, others)
    )


def _constants(program: Program, weights: WeightSection) -> set[int]:
    """Where the constants begin that a program's kernels read."""
    refs = [ref for call in program.calls for ref in call.operands if ref and ref.space == "weights"]
    refs += [state.initial for state in program.states if state.initial]
    return {weights.begin(ref) for ref in refs}
