"""How far long work is, for whoever waits at a terminal; elsewhere nothing is shown and nothing is loaded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from mgecc.toolrun.terminal import printable

_T = TypeVar("_T")
_shown: list[str] = []


def track(what: str, items: Sequence[_T]) -> Iterator[_T]:
    """The items, with a bar of how many are done."""
    with _display(what, len(items)) as advance:
        for item in items:
            yield item
            advance()


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """The time that work takes so far, of which no more is known."""
    with _display(what, None):
        yield


@contextmanager
def _display(what: str, total: int | None) -> Iterator[Callable[[], None]]:
    """On standard error, if that is a terminal; work inside of other work that is shown already is a part of it."""
    stream = sys.__stderr__
    if _shown or stream is None or not stream.isatty():
        yield lambda: None
        return
    from rich import console, progress  # loads for a tenth of a second

    columns: list[progress.ProgressColumn] = [progress.TextColumn("{task.description}", markup=False)]
    columns += [progress.BarColumn(), progress.MofNCompleteColumn()] if total else [progress.SpinnerColumn()]
    terminal = console.Console(file=stream)
    # What is printed to the same terminal meanwhile goes above the line.
    redirected = sys.stdout.isatty()
    bar = progress.Progress(
        *columns,
        progress.TimeElapsedColumn(),
        console=terminal,
        transient=True,
        redirect_stdout=redirected,
        redirect_stderr=redirected,
    )
    _shown.append(what)
    try:
        with bar:
            task = bar.add_task(printable(what), total=total)
            yield lambda: bar.advance(task)
    finally:
        _shown.pop()
