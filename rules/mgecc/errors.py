"""Errors that are no defects, and the statuses that ``mgecc`` and ``scons`` end with, by the kind of the error."""

from __future__ import annotations

import errno
from typing import ClassVar

DIFFERENT = 1  # a comparison failed: the outputs are not the expected ones
INPUT = 2  # what the user gave cannot be used: arguments, configuration, model, files
FAILED = 3  # a step failed: a tool is missing or refused its work, a disk is full, or mgecc has a defect


_OF_PATHS = {
    errno.ENOENT, errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS,
    errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO, errno.ENODEV,
}  # fmt: skip
"""Numbers of errors that say of a path that it is not what it must be."""


def status_of_system(error: OSError) -> int:
    """The kind of an error of the system: a path is not what it must be, or as with a full disk, a step fails."""
    return INPUT if error.errno in _OF_PATHS else FAILED


def printable(text: str) -> str:
    """Escape what could break a one-line message: control characters, line ends, undecodable marks."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class Reported(Exception):
    """An error whose text is for the user to read. Subclasses of it need no entry elsewhere to be shown as such."""

    status: ClassVar[int] = FAILED

    def about(self, file: str) -> str:
        """The text, where the error comes up while ``file`` is compiled."""
        return str(self)


class InputError(Reported):
    """Something the user gave cannot be used; ``str`` is one line, or several problems one a line."""

    status = INPUT


class ModelFault(Reported):
    """Something is wrong with a model, whose file the text does not name."""

    status = INPUT

    def about(self, file: str) -> str:
        return f"{file}: {self}"


def error_lines(text: object, status: int = INPUT) -> str:
    """An error as it is printed. What the user can mend has the prefix in every line; more may be a tool's output."""
    lines = str(text).splitlines() if status == INPUT else [str(text)]
    return "".join(f"mgecc: error: {line}\n" for line in lines)


def nearest_status(status: int) -> int:
    """The kind of error that another program's status stands for; whatever is not ours is a failure."""
    return status if status in (0, DIFFERENT, INPUT) else FAILED
