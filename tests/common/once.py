"""Work that all processes of a test run share."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def once(folder: Path, make: Callable[[Path], T]) -> T:
    """What ``make(folder)`` returns: the first process that asks makes it, others wait for it and get a copy.

    An error is not kept: whoever asks next tries again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "made.pickle"
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_file():
            result = pickle.dumps(make(folder))
            made.write_bytes(result)
    return pickle.loads(made.read_bytes())
