"""Print what builds of applications need to know: mgecc config --cmakedir."""

from __future__ import annotations

import argparse

from mgecc.commands._options import add_goal, add_json, add_target
from mgecc.commands._output import show
from mgecc.errors import InputError
from mgecc.package.source_tree import source_flags
from mgecc.targets import load_target
from mgecc.toolrun.sources import cmake_folder, include_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cmakedir", action="store_true", help="folder for -Dmgecc_DIR= of find_package(mgecc)"
    )
    parser.add_argument("--include", action="store_true", help="folder with mgecc.h")
    text = "flags for GCC and Clang that compile a package of C files for --target"
    parser.add_argument("--cflags", action="store_true", help=text)
    add_target(parser, required=False)
    add_goal(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    if args.cflags and not args.target:
        raise InputError("flags for which target? mgecc config --cflags --target NAME")
    answers = {"cmakedir": str(cmake_folder())} if args.cmakedir else {}
    answers |= {"include": str(include_folder())} if args.include else {}
    if args.cflags:
        flags = source_flags(load_target(args.target, args.cpu), args.optimize or "speed")
        answers["cflags"] = " ".join(flags)
    if not answers:
        raise InputError("what is asked for? mgecc config --cmakedir, --include or --cflags")
    show(args, answers.values(), lambda: answers)
    return 0
