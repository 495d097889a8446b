"""Print what makes a shell complete the arguments of mgecc: source <(mgecc completion bash)."""

from __future__ import annotations

import argparse

from mgecc.cli import make_parser
from mgecc.errors import InputError

_SHELLS = ("bash", "zsh", "tcsh")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=_SHELLS, help="the shell it is for")


def run(args: argparse.Namespace) -> int:
    try:
        import shtab  # not among the packages that are always there
    except ImportError:
        raise InputError("completion needs the package shtab: pip install shtab") from None
    print(shtab.complete(make_parser(), args.shell))
    return 0
