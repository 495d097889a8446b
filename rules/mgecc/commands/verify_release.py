"""Check an archive of ``scons release``, without a network: every file is as its checksums, provenance and bills say.

Who made the archive, a signature tells.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mgecc.commands._options import add_json
from mgecc.commands._output import show
from mgecc.package.verify_release import summary, verify_release


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("archive", type=Path, metavar="FILE", help="archive that scons release has written")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    release = verify_release(args.archive)
    show(args, summary(release), lambda: {"files": dict(release.digests), "provenance": release.provenance})
    return 0
