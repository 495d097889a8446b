"""A limit on the work of what is computed beforehand: a file of a kilobyte may ask for hours of it.

What takes more than a step or so for each element says so with ``spend`` before it begins. Outside of ``limited``, as
where a model is interpreted, nothing is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mgecc.graph import Unsupported

MOST = 1 << 33
"""Multiply-adds, or what takes as long, for all constants of a model: ten seconds or so."""


MOST_AT_ONCE = 1 << 26
"""Elements of an array that is made on the way."""


class TooMuchWork(Unsupported):
    """More is asked for than is left."""


class Budget:
    """Operations that are left."""

    def __init__(self, left: int = MOST) -> None:
        self.left = left


_current: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def limited(budget: Budget) -> Iterator[None]:
    """What is computed inside takes its work from ``budget``."""
    token = _current.set(budget)
    try:
        yield
    finally:
        _current.reset(token)


def spend(operations: int) -> None:
    """Take so many operations from the budget; TooMuchWork if it has fewer."""
    budget = _current.get()
    if budget is None:
        return
    if operations > budget.left:
        why = f"computing it beforehand takes {operations} operations, {budget.left} are left of {MOST}"
        raise TooMuchWork(
            why, "store its result in the model instead, or make one of its operands a model input"
        )
    budget.left -= operations


def check_room(elements: int) -> None:
    """TooMuchWork for an array that is only needed on the way, and larger than results may be."""
    if _current.get() is not None and elements > MOST_AT_ONCE:
        why = f"computing it beforehand needs {elements} numbers at once"
        raise TooMuchWork(why, "store its result in the model instead")
