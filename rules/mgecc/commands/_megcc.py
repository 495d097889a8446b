"""MegCC's way to name the target and the output folder."""

from __future__ import annotations

import argparse
from pathlib import Path

_TARGETS = {
    "baremetal": "baremetal",
    "arm64": "arm64",
    "arm64_with_i8mm": "arm64+i8mm",
    "armv7": "armv7",
    "armv7_with_dot": "armv7+dot",
    "arm64v7": "arm64v7",
    "arm64v7_with_dot": "arm64v7+dot",
    "webassembly": "wasm32",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("as MegCC has them")
    group.add_argument("--json", type=Path, metavar="FILE", help="JSON of several models; the same as MODEL")
    group.add_argument("--dump", type=Path, metavar="DIR", help="the same as --out; overrules dump_dir")
    for option, target in _TARGETS.items():
        text = f"the same as --target {target}"
        group.add_argument(f"--{option}", dest="target", action="store_const", const=target, help=text)
