"""Writes docs/cli.md from the commands themselves: python -m mgecc.commands._page > docs/cli.md."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from mgecc.cli import command_module, command_names, make_parser

PREFACE = """# The command `mgecc`

Written by `python -m mgecc.commands._page > docs/cli.md`; a test fails where the code says something else.

All of it works without SCons. Errors are one line, `mgecc: error: ...`, with file, line and column where there is
one. `source <(mgecc completion bash)` completes arguments in the
shell (zsh and tcsh likewise; `pip install shtab`). For completion in an editor, write
`mgecc schema > model.schema.json` and name that file in the first line of a model.yaml:
`# yaml-language-server: $schema=model.schema.json`.

| status | meaning |
| --- | --- |
| 0 | done |
| 1 | a comparison failed: outputs are not the expected ones |
| 2 | what was given cannot be used: arguments, configuration, model, files |
| 3 | a step failed: a tool is missing or refused its work, a disk is full, or mgecc has a defect |
| 130 | interrupted |
| 141 | the reader of the output went away |
"""


def page() -> str:
    sections = [section for name in command_names() for section in _section(name)]
    return "\n".join([PREFACE, *sections]) + "\n"


def _section(name: str) -> Iterator[str]:
    module = command_module(name)
    yield f"## mgecc {name}\n\n{(module.__doc__ or '').strip()}\n"
    rows = list(map(_row, _arguments(name)))
    if rows:
        yield "\n".join(["| argument | what it is |", "| --- | --- |", *rows]) + "\n"


def _arguments(name: str) -> list[argparse.Action]:
    """What the subcommand declares, without --help."""
    (choice,) = [a for a in make_parser(name)._actions if isinstance(a, argparse._SubParsersAction)]
    actions = choice.choices[name]._actions
    hidden = argparse.SUPPRESS
    return [a for a in actions if not isinstance(a, argparse._HelpAction) and a.help is not hidden]


def _row(action: argparse.Action) -> str:
    words = action.metavar or ("{" + ",".join(map(str, action.choices)) + "}" if action.choices else "")
    if not words and action.nargs != 0:
        words = action.dest.upper()
    option = ", ".join(action.option_strings)
    text = f"{option} {words}".strip().replace("|", "\\|")
    needed = " (required)" if option and action.required else ""
    return f"| `{text}` | {action.help or ''}{needed} |"


if __name__ == "__main__":
    print(page(), end="")
