"""Print what makes a shell complete the arguments of mgecc: source <(mgecc completion bash)."""

from __future__ import annotations

import argparse

_SHELLS = ("bash", "zsh", "tcsh")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=_SHELLS, help="the shell it is for")


def run(args: argparse.Namespace) -> int:
    from mgecc.cli import make_parser
    from mgecc.toolrun.products import InputError

    try:
        import shtab
    except ImportError:
        raise InputError("completion needs the package shtab: pip install shtab") from None
    print(shtab.complete(make_parser(), args.shell))
    return 0
