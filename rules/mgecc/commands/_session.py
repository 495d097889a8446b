"""From the arguments of a subcommand to a session on the target."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mgecc.config import ModelConfig
from mgecc.errors import InputError
from mgecc.targets import load_target
from mgecc.toolrun.session import Session, compile_and_build, linked_session, open_products, prepare


@contextmanager
def open_session(args: argparse.Namespace, config: ModelConfig) -> Iterator[Session]:
    """Compile (or take ``--products``), link (or take ``--program``) and make ready to run; scratch files go away
    afterwards. Raises InputError."""
    target = load_target(args.target, args.cpu)
    program = getattr(args, "program", None)
    if program:
        if not args.products:
            raise InputError("--program needs --products, the folder with report.json")
        yield linked_session(config, target, args.products, program)
        return
    with tempfile.TemporaryDirectory(prefix="mgecc-") as name:
        scratch = Path(name)
        if args.products:
            libraries = open_products(config, target, args.products, args.library)
        else:
            libraries = compile_and_build(config, target, args.toolchain, scratch / "products")
        yield prepare(libraries, args.toolchain, scratch / "runner")
