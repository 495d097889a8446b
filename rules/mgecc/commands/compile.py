"""Compile a model: kernels, blob, header, report and libraries, the same files as the SCons rules make."""

from __future__ import annotations

import argparse
from pathlib import Path

from mgecc.commands._options import add_build, add_model, add_target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_target(parser)
    add_build(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the files")
    parser.add_argument("--split", action="store_true", help="also write one C file per kernel, to read")
    parser.add_argument("--no-library", action="store_true", help="write the sources only")


def run(args: argparse.Namespace) -> int:
    from mgecc.targets import load_target, load_toolchain
    from mgecc.toolrun.library import build_library, member_targets
    from mgecc.toolrun.products import compile_products, kernel_texts, read_config, write_files

    target = load_target(args.target, args.cpu)
    if not args.no_library:
        for member in member_targets(target).values():
            load_toolchain(
                args.toolchain, member
            )  # what is missing should be told before the work, not after
    config = read_config(args.model, args.name, args.optimize)
    products = compile_products(config, args.target, args.cpu)
    written = write_files(products.files, args.out)
    if args.split:
        written += write_files(kernel_texts(products, target), args.out)
    if not args.no_library:
        libraries = build_library(args.out, config, target, args.toolchain)
        for library in libraries:
            written += [p for p in (library.archive, library.archive.with_suffix(".so")) if p.is_file()]
    for path in written:
        print(f"{path.stat().st_size:>10} {path}")
    return 0
