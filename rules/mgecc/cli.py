"""The command ``mgecc``: one subcommand per module of ``mgecc.commands``, found by folder.

Every error but a defect of ours is one line, ``mgecc: error: ...``; the status says what kind of error it is, see
``mgecc.toolrun.status``.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from mgecc import __version__
from mgecc.toolrun.diskfull import is_full, note_told
from mgecc.toolrun.status import FAILED, INPUT, error_lines
from mgecc.toolrun.terminal import printable_streams


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(INPUT, f"mgecc: error: {message}\n")


def command_names() -> list[str]:
    """Subcommands there are."""
    package = importlib.import_module("mgecc.commands")
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


def make_parser(only: str = "") -> argparse.ArgumentParser:
    """The parser, with the arguments of one subcommand or of all."""
    parser = _Parser(prog="mgecc", description="Compile MegEngine models to small C libraries.")
    parser.add_argument("--version", action="version", version=f"mgecc {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in [only] if only else command_names():
        module = importlib.import_module(f"mgecc.commands.{name}")
        text = (module.__doc__ or "").strip()
        command = commands.add_parser(name, help=text.split("\n")[0].rstrip("."), description=text)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def _statuses() -> dict[type[Exception], int]:
    """Status of every class of error that is no defect."""
    from mgecc.config import CasesError
    from mgecc.emit import EmitError
    from mgecc.frontends.errors import ModelError
    from mgecc.graph import CompileError, Unsupported
    from mgecc.targets import TargetError, ToolchainMissing
    from mgecc.toolrun.emulators import EmulatorMissing
    from mgecc.toolrun.process import ToolError
    from mgecc.toolrun.products import InputError
    from mgecc.toolrun.runner import RunError

    paths = (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError)
    given = (CasesError, TargetError, InputError, *paths)
    models = (ModelError, CompileError, Unsupported, EmitError)
    tools = (ToolchainMissing, EmulatorMissing, ToolError, RunError)
    return dict.fromkeys((*given, *models), INPUT) | dict.fromkeys(tools, FAILED)


def status_of(error: Exception) -> int:
    """Status that ``mgecc`` ends with after an error."""
    return next((status for kind, status in _statuses().items() if isinstance(error, kind)), FAILED)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns the exit status."""
    with printable_streams():
        return _main(argv)


def _main(argv: Sequence[str] | None) -> int:
    args = list(sys.argv[1:] if argv is None else argv)
    first = args[0] if args else ""
    if first and not first.startswith("-") and first not in command_names():
        return _fail(_unknown(first))
    try:
        return _dispatch(first, args)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has gone; what is left in the buffer must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if is_full(error):
            note_told()
        return _fail(f"{error.filename or first}: {error.strerror or error}", status_of(error))
    except tuple(_statuses()) as error:
        return _fail(str(error), status_of(error))
    except Exception:  # noqa: BLE001 -- a defect must not look like a comparison that failed
        return _fail(f"this is a defect of mgecc, please report it:\n{traceback.format_exc()}", FAILED)


def _dispatch(first: str, args: list[str]) -> int:
    parsed = make_parser(first if first in command_names() else "").parse_args(args)
    return int(parsed.run(parsed))


def _unknown(word: str) -> str:
    near = difflib.get_close_matches(word, command_names(), n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"unknown command {word!r}; {hint}known: {', '.join(command_names())}"


def _fail(text: str, status: int = INPUT) -> int:
    sys.stdout.flush()
    sys.stderr.write(error_lines(text, status))
    return status


if __name__ == "__main__":
    sys.exit(main())
