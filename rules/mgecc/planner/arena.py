"""Offsets in the arena: no two buffers that live at the same time overlap (offset calculation, liveness analysis).

Greedy placement at the lowest free gap under several orders (Pisarchyk and Lee 2020, "Efficient Memory Management for
Deep Neural Net Inference", arXiv:2001.03288); where the arena is above the bound, what reaches to its top is placed
first, over and over. The smallest arena wins. The lower bound is the largest sum of buffers that live at once, which no
plan of this execution order can beat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import numpy as np

from mgecc.planner.buffers import Buffer

Plan = dict[Buffer, int]

_ORDERS: tuple[Callable[[Buffer], tuple[int, ...]], ...] = (
    lambda b: (-b.size, b.first),
    lambda b: (b.first, -b.size),
    lambda b: (-b.last, -b.size),
    lambda b: (-(b.last - b.first), -b.size),
    lambda b: (-b.size * (b.last - b.first + 1), b.first),
)

_ROUNDS = 12
# Pairs of buffers that all plans may compare: a second or so.
_PAIRS = 4_000_000


class Live(Protocol):
    """Bytes that are needed from step ``first`` to step ``last`` inclusive."""

    @property
    def size(self) -> int: ...

    @property
    def first(self) -> int: ...

    @property
    def last(self) -> int: ...


def peak(buffers: Iterable[Live]) -> tuple[int, int]:
    """Largest number of bytes that are live at one step, and the first such step; (0, 0) of nothing."""
    change: dict[int, int] = {}
    for b in buffers:
        change[b.first] = change.get(b.first, 0) + b.size
        change[b.last + 1] = change.get(b.last + 1, 0) - b.size
    live, found = 0, (0, 0)
    for step in sorted(change):
        live += change[step]
        if live > found[0]:
            found = (live, step)
    return found


def bound(buffers: list[Buffer]) -> int:
    """Largest number of bytes that are live at one step; sizes are multiples of what buffers are aligned to."""
    return peak(buffers)[0]


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
            ends = {b: offset + b.size for b, offset in plan.items()}
            top = max(ends.values(), default=0)
            yield plan, top
            orders[k] = sorted(order, key=lambda b: ends[b] < top)


def _first_fit(ordered: list[Buffer]) -> Plan:
    """Each buffer at the lowest gap between those before it that live at the same time."""
    first, last, size = np.array([(b.first, b.last, b.size) for b in ordered], np.int64).reshape(-1, 3).T
    low = np.zeros(len(ordered), np.int64)
    for k in range(len(ordered)):
        busy = np.flatnonzero((first[:k] <= last[k]) & (last[:k] >= first[k]))
        low[k] = _gap(low[busy], size[busy], size[k])
    return {b: int(offset) for b, offset in zip(ordered, low)}


def _gap(low: np.ndarray, sizes: np.ndarray, size: int) -> int:
    """The lowest offset at which ``size`` bytes overlap none of the ranges."""
    order = np.argsort(low, kind="stable")
    ends = np.maximum.accumulate(np.append(0, (low + sizes)[order]))
    fits = np.append(low[order] - ends[:-1] >= size, True)
    return int(ends[fits.argmax()])
