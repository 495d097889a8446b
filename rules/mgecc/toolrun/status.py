"""What a command or a build ends with, by the kind of its error; one list for ``mgecc`` and for ``scons``."""

from __future__ import annotations

DIFFERENT = 1  # a comparison failed: the outputs are not the expected ones
INPUT = 2  # what the user gave cannot be used: arguments, configuration, model, files
FAILED = 3  # a step failed: a tool is missing or refused its work, a disk is full, or mgecc has a defect


def error_lines(text: object, status: int = INPUT) -> str:
    """An error as it is printed. What the user can mend has the prefix in every line; more may be a tool's output."""
    lines = str(text).splitlines() if status == INPUT else [str(text)]
    return "".join(f"mgecc: error: {line}\n" for line in lines)


def nearest_status(status: int) -> int:
    """The kind of error that another program's status stands for; whatever is not ours is a failure."""
    return status if status in (0, DIFFERENT, INPUT) else FAILED
