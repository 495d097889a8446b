"""Offsets in the arena: no two buffers that live at the same time overlap.

Greedy placement at the lowest free gap under several orders; where the arena is above the bound, what reaches to its
top is placed first, over and over. The smallest arena wins. The bound is the largest sum of buffers that live at once,
which no plan of this execution order can beat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mgecc.planner.buffers import Buffer, aligned

Plan = dict[Buffer, int]

_ORDERS: tuple[Callable[[Buffer], tuple], ...] = (
    lambda b: (-b.size, b.first),
    lambda b: (b.first, -b.size),
    lambda b: (-b.last, -b.size),
    lambda b: (-(b.last - b.first), -b.size),
    lambda b: (-b.size * (b.last - b.first + 1), b.first),
)

_ROUNDS = 12
# Pairs of buffers that all plans may compare: a second or so.
_PAIRS = 4_000_000


def bound(buffers: list[Buffer]) -> int:
    """Largest number of bytes that are live at one step."""
    change: dict[int, int] = {}
    for b in buffers:
        change[b.first] = change.get(b.first, 0) + aligned(b.size)
        change[b.last + 1] = change.get(b.last + 1, 0) - aligned(b.size)
    live = peak = 0
    for step in sorted(change):
        live += change[step]
        peak = max(peak, live)
    return peak


def place(buffers: list[Buffer]) -> tuple[Plan, int]:
    """Offsets of all buffers and the size of the arena, in bytes."""
    least = bound(buffers)
    best: tuple[Plan, int] = ({}, -1)
    for plan, size in _plans(buffers):
        if best[1] < 0 or size < best[1]:
            best = (plan, size)
        if size == least:
            break
    return best


def _plans(buffers: list[Buffer]) -> Iterator[tuple[Plan, int]]:
    """One of each order, then ever other ones of each, with the bytes that they need."""
    orders = [sorted(buffers, key=order) for order in _ORDERS]
    for _ in range(min(_ROUNDS, 1 + _PAIRS // (len(orders) * len(buffers) ** 2 + 1))):
        for k, order in enumerate(orders):
            plan = _first_fit(order)
            ends = {b: offset + aligned(b.size) for b, offset in plan.items()}
            top = max(ends.values(), default=0)
            yield plan, top
            orders[k] = sorted(order, key=lambda b: ends[b] < top)


def _first_fit(ordered: list[Buffer]) -> Plan:
    plan: Plan = {}
    for b in ordered:
        busy = sorted(
            (offset, offset + aligned(other.size))
            for other, offset in plan.items()
            if other.first <= b.last and b.first <= other.last
        )
        plan[b] = _gap(busy, aligned(b.size))
    return plan


def _gap(busy: list[tuple[int, int]], size: int) -> int:
    start = 0
    for low, high in busy:
        if low - start >= size:
            return start
        start = max(start, high)
    return start
