"""The command ``mgecc``: one subcommand per module of ``mgecc.commands``, found by folder.

Every error but a defect of ours is one line, ``mgecc: error: ...``; the status says what kind of error it is, see
``mgecc.errors``.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from mgecc import __version__
from mgecc.errors import FAILED, INPUT, Reported, error_lines, status_of_system
from mgecc.toolrun.diskfull import is_full, note_told
from mgecc.toolrun.terminal import printable_streams


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(INPUT, f"mgecc: error: {message}\n")


def command_names() -> list[str]:
    """Subcommands there are."""
    package = importlib.import_module("mgecc.commands")
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))


def _stem(command: str) -> str:
    return command.replace("-", "_")


def command_module(command: str) -> Any:
    """The module of a subcommand."""
    return importlib.import_module(f"mgecc.commands.{_stem(command)}")


def make_parser(only: str = "") -> argparse.ArgumentParser:
    """The parser, with the arguments of one subcommand or of all."""
    parser, commands = _bare_parser()
    for name in [only] if only else command_names():
        module = command_module(name)
        command = _add_command(commands, name, (module.__doc__ or "").strip())
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def _overview() -> argparse.ArgumentParser:
    """The parser of calls without a subcommand; it loads none of them."""
    parser, commands = _bare_parser()
    for name in command_names():
        source = (
            Path(__file__).with_name("commands").joinpath(f"{_stem(name)}.py").read_text(encoding="utf-8")
        )
        _add_command(commands, name, ast.get_docstring(ast.parse(source)) or "")
    return parser


def _bare_parser() -> tuple[argparse.ArgumentParser, Any]:
    parser = _Parser(
        prog="mgecc", description="Compile neural networks (ONNX, MegEngine) to small C libraries."
    )
    parser.add_argument("--version", action="version", version=f"mgecc {__version__}")
    return parser, parser.add_subparsers(dest="command", metavar="COMMAND", required=True)


def _add_command(commands: Any, name: str, text: str) -> argparse.ArgumentParser:
    title = text.split("\n")[0].rstrip(".")
    parser: argparse.ArgumentParser = commands.add_parser(name, help=title, description=text)
    return parser


def status_of(error: Exception) -> int:
    """Status that ``mgecc`` ends with after an error."""
    if isinstance(error, Reported):
        return error.status
    return status_of_system(error) if isinstance(error, OSError) else FAILED


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns the exit status."""
    with printable_streams():
        return _main(argv)


def _main(argv: Sequence[str] | None) -> int:
    args = list(sys.argv[1:] if argv is None else argv)
    if not args:
        _overview().print_help()
        return 0
    first = args[0]
    if not first.startswith("-") and first not in command_names():
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
    except Reported as error:
        return _fail(str(error), error.status)
    except Exception:  # noqa: BLE001 -- a defect must not look like a comparison that failed
        return _fail(f"this is a defect of mgecc, please report it:\n{traceback.format_exc()}", FAILED)


def _dispatch(first: str, args: list[str]) -> int:
    names = command_names()
    parser = make_parser(first if first in names else "") if set(names) & set(args) else _overview()
    parsed = parser.parse_args(args)
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
