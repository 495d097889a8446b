"""The arena plan: nothing overlaps in time and place, and the bound is honest."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from mgecc.compiler import build_programs
from mgecc.config import load_config
from mgecc.planner.arena import _first_fit, bound, place
from mgecc.planner.buffers import Buffer, aligned
from mgecc.targets import load_target

ALIGN = 8


def buffers() -> st.SearchStrategy[list[Buffer]]:
    one = st.builds(
        lambda size, first, length: Buffer(aligned(size, ALIGN), first, first + length),
        st.integers(1, 5000),
        st.integers(0, 30),
        st.integers(0, 8),
    )
    return st.lists(one, max_size=25)


def overlap(a: Buffer, b: Buffer) -> bool:
    return a.first <= b.last and b.first <= a.last


@settings(max_examples=200, deadline=None)
@given(buffers())
def test_live_buffers_never_share_bytes(items: list[Buffer]) -> None:
    plan, size = place(items)
    for i, a in enumerate(items):
        assert plan[a] % ALIGN == 0
        assert plan[a] + a.size <= size
        for b in items[i + 1 :]:
            apart = plan[a] + a.size <= plan[b] or plan[b] + b.size <= plan[a]
            assert apart or not overlap(a, b)


@settings(max_examples=200, deadline=None)
@given(buffers())
def test_no_plan_is_below_the_bound(items: list[Buffer]) -> None:
    _, size = place(items)
    assert size >= bound(items)
    steps = [step for b in items for step in (b.first, b.last)]
    assert bound(items) == max(
        (sum(b.size for b in items if b.first <= step <= b.last) for step in steps), default=0
    )


def test_a_chain_needs_two_neighbours_at_a_time() -> None:
    chain = [Buffer(1000 + 64 * i, i, i + 1) for i in range(10)]
    _, size = place(chain)
    assert size == bound(chain)


def test_nothing_needs_nothing() -> None:
    assert place([]) == ({}, 0)


def test_what_reaches_to_the_top_is_placed_anew_until_the_bound_is_met() -> None:
    spans = [(384, 2, 4), (320, 6, 9), (128, 6, 6), (256, 3, 6)]
    items = [Buffer(size, first, last) for size, first, last in spans]
    assert place(items)[1] == bound(items) == 704


@given(buffers())
def test_every_buffer_lies_at_the_lowest_gap_between_those_before_it(made: list[Buffer]) -> None:
    plan = _first_fit(made)
    for k, b in enumerate(made):
        busy = [(plan[o], plan[o] + o.size) for o in made[:k] if overlap(o, b)]
        spots = [0, *(end for _, end in busy)]
        free = [at for at in spots if all(at >= high or at + b.size <= low for low, high in busy)]
        assert plan[b] == min(free)


def test_a_target_says_what_buffers_are_aligned_to() -> None:
    config = load_config(Path(__file__).parents[2] / "models" / "digits_int8" / "model.yaml")
    arenas = {}
    for name in ("cortex-m4f", "cortex-m55"):
        target = load_target(name)
        (program,) = build_programs(config, target)
        refs = [ref for call in program.calls for ref in call.operands if ref and ref.space == "arena"]
        assert refs and all(ref.offset % target.align == 0 for ref in refs)
        arenas[name] = program.arena
    assert arenas["cortex-m4f"] <= arenas["cortex-m55"] < 2112  # bytes with buffers at multiples of 64
