"""Mistakes in an SConscript: what is said of them, and that SCons shows the line which made them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from types import FunctionType
from typing import Any

import SCons.Errors
from SCons.Errors import UserError

from mgecc.targets import TargetError, ToolchainMissing
from mgecc.toolrun.terminal import printable


def unknown_option(rule: str, name: str, known: Iterable[str]) -> UserError:
    """The error for an option that a rule has not, with the nearest one that it has."""
    names = list(dict.fromkeys(known))
    return UserError(f"{rule} has no option {name!r}; {nearest(name, names)}it has {', '.join(names)}")


def nearest(name: str, known: Sequence[str]) -> str:
    """A hint at the known name that is most like another one, before what follows it; "" if none is."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}? " if near else ""


def at_the_caller(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The rule, with its mistakes shown at the line that calls it.

    SCons shows the deepest frame whose file lies in no folder called SCons, so this one says that it does.
    """

    def call(*args: Any, **options: Any) -> Any:
        try:
            return rule(*args, **options)
        except UserError as error:
            raise error.with_traceback(None) from None

    code = call.__code__.replace(co_filename=SCons.Errors.__file__)
    return wraps(rule)(FunctionType(code, call.__globals__, rule.__name__, None, call.__closure__))


@contextmanager
def shown_by_scons() -> Iterator[None]:
    """Targets, toolchains and files that are not what they must be, in the way SCons shows mistakes."""
    try:
        yield
    except (TargetError, ToolchainMissing) as error:
        raise UserError(printable(str(error))) from None
    except TypeError as error:
        # What SCons raises has no class of its own.
        if " found where " not in str(error):
            raise
        raise UserError(printable(str(error))) from None
