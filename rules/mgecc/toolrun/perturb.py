"""Shifts the clock and reverses directory order for a Python process, to test reproducibility.

``scons reproduce`` puts a copy of this file, called sitecustomize and with calls at its end, where processes of a build
find it as they start.
"""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

SECONDS = 100_000_000  # three years
_NOW = time.time


def _now() -> float:
    return _NOW() + SECONDS


def _at(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a moment that takes the present one if none is given."""
    return lambda seconds=None: function(_now() if seconds is None else seconds)


class _Datetime(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> _Datetime:
        return cls.fromtimestamp(_now(), tz)

    @classmethod
    def utcnow(cls) -> _Datetime:
        return cls.utcfromtimestamp(_now())


class _Backwards(AbstractContextManager[Any]):
    """What os.scandir gives, from the last name to the first."""

    def __init__(self, folder: Any) -> None:
        with _SCANDIR(folder) as entries:
            self._left: Iterator[Any] = iter(sorted(entries, key=lambda entry: entry.name, reverse=True))

    def __iter__(self) -> Iterator[Any]:
        return self._left

    def __next__(self) -> Any:
        return next(self._left)

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self._left = iter(())


_LISTDIR, _SCANDIR, _STRFTIME = os.listdir, os.scandir, time.strftime


def change() -> None:
    """Set the clock forward, and list folders backwards."""
    changed: dict[Any, dict[str, Any]] = {
        time: {
            "time": _now,
            "time_ns": lambda: int(_now() * 1e9),
            "strftime": lambda form, moment=None: _STRFTIME(form, moment or time.localtime()),
            **{name: _at(getattr(time, name)) for name in ("localtime", "gmtime", "ctime")},
        },
        datetime: {"datetime": _Datetime},
        os: {
            "listdir": lambda folder=".": sorted(_LISTDIR(folder), reverse=True),
            "scandir": lambda folder=".": _Backwards(folder),
        },
    }
    for module, functions in changed.items():
        for name, function in functions.items():
            setattr(module, name, function)
