"""Compile a model: kernels, blob, header, report and libraries, the same files as the SCons rules make.

MegCC's command lines work too: mgecc compile --json config.json --arm64 --dump out/
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from mgecc.commands._megcc import OneTarget, with_flags, write_template
from mgecc.commands._megcc import add_arguments as add_megcc
from mgecc.commands._options import add_build, add_inputs, add_json
from mgecc.commands._output import show
from mgecc.compiler import Products
from mgecc.config import LibraryConfig, ModelConfig
from mgecc.errors import InputError
from mgecc.package.source_package import source_names, source_package
from mgecc.package.source_tree import with_headers
from mgecc.targets import Target, load_target, load_toolchain
from mgecc.toolrun.depfile import depfile_text
from mgecc.toolrun.hermetic import inputs_among, noted_reads, unnoted
from mgecc.toolrun.library import Library, build_library, library_files, library_names, member_targets
from mgecc.toolrun.lock import folder_lock
from mgecc.toolrun.outside import files_outside
from mgecc.toolrun.process import write_atomically
from mgecc.toolrun.products import (
    kernel_texts,
    product_names,
    read_any,
    readable_products,
    write_files,
    write_products,
)
from mgecc.toolrun.sources import public_headers
from mgecc.toolrun.summary import summary_of

Config = ModelConfig | LibraryConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model",
        type=Path,
        nargs="?",
        metavar="MODEL",
        help="model.yaml, its folder, .mge, .onnx, .tflite or MegCC's JSON",
    )
    add_inputs(parser)
    parser.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="the same as --out")
    text = "machine, e.g. arm64 or arm64+dot"
    parser.add_argument("--target", action=OneTarget, default="", metavar="NAME", help=text)
    parser.add_argument(
        "--cpu", default="", metavar="NAME", help="processor of the target, e.g. v4 for x86_64"
    )
    add_build(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the files")
    parser.add_argument("--split", action="store_true", help="also write one C file per kernel, to read")
    text = "write a package of C files for any C99 compiler into this folder, with build files for CMake and others"
    parser.add_argument("--sources", type=Path, metavar="DIR", help=text)
    text = "write down what was read, for Make, Ninja and CMake; the rule is for FILE without .d"
    parser.add_argument("--depfile", type=Path, metavar="FILE.d", help=text)
    text = "print the files that --out or --sources would write, but for licences, and compile nothing"
    parser.add_argument("--list-outputs", action="store_true", help=text)
    parser.add_argument("--no-library", action="store_true", help="write the sources only")
    add_json(parser)
    add_megcc(parser)


def run(args: argparse.Namespace) -> int:
    if args.json_template:
        return write_template(args)
    with noted_reads(args.sources, args.out) as read:
        written, summary = _compile(args)
    if args.depfile:
        text = depfile_text(str(args.depfile).removesuffix(".d"), inputs_among(read))
        write_atomically(args.depfile, text.encode())
    if not args.list_outputs:
        rows = [(file.stat().st_size, str(file)) for file in written]
        lines = (f"{size:>10} {file}" for size, file in rows)
        show(args, [*lines, *summary], lambda: [{"file": file, "bytes": size} for size, file in rows])
    return 0


def _compile(args: argparse.Namespace) -> tuple[list[Path], list[str]]:
    """Do what the arguments ask for; returns the files that were written, and lines about libraries."""
    path, name = _asked(args)
    target = load_target(name, args.cpu)
    config, notes = with_flags(read_any(path, args.name, args.optimize, complete=False), args)
    folder = _folder(args, config)
    if args.list_outputs:
        return _list(args, config, folder, target), []
    if folder and not args.no_library:
        _check_toolchains(args, target)
    products = readable_products(config, name, args.cpu)
    outside = files_outside(path, [model.model for model in config.models])
    for note in [*notes, *products.notes, *outside]:
        print(note, file=sys.stderr if args.json_output else sys.stdout)
    written = _write_sources(args, config, products, name) if args.sources else []
    if folder is None:
        return written, []
    with folder_lock(folder):
        written += _write_products(args, config, products, folder, target)
        built = [] if args.no_library else _build(args, config, folder, target)
    summary = summary_of(target, config.name, folder, built) if built else ""
    return written + library_files(built), summary.splitlines()


def _asked(args: argparse.Namespace) -> tuple[Path, str]:
    """What to compile, and for which target. Raises InputError."""
    path = args.json or args.model
    name = args.target or ("baremetal" if args.json or args.folder else "")
    if path is None or not name:
        raise InputError("what to compile and for which target? mgecc compile MODEL --target NAME --out DIR")
    return path, name


def _folder(args: argparse.Namespace, config: Config) -> Path | None:
    """Where the files go; None if only --sources was asked for. Raises InputError."""
    own = config.dump_dir if isinstance(config, LibraryConfig) else None
    folder: Path | None = args.dump or args.out or args.folder or own
    if folder is None and not args.sources:
        raise InputError("no folder for the files: give --out DIR or --sources DIR")
    return folder


def _list(args: argparse.Namespace, config: Config, folder: Path | None, target: Target) -> list[Path]:
    """Print what would be written; nothing is."""
    outputs = product_names(config, target)
    files = [args.sources / name for name in source_names(config, outputs, target)] if args.sources else []
    if folder:
        libraries = [] if args.no_library else library_names(config, target)
        headers = [path.name for path in public_headers(bool(config.cv))]
        files += [folder / name for name in [*outputs, *headers, *libraries]]
    show(args, map(str, files), lambda: [str(file) for file in files])
    return []


def _write_products(
    args: argparse.Namespace, config: Config, products: Products, folder: Path, target: Target
) -> list[Path]:
    written = write_products(products, config, folder)
    return written + (write_files(kernel_texts(products, target), folder) if args.split else [])


def _write_sources(args: argparse.Namespace, config: Config, products: Products, target: str) -> list[Path]:
    with tempfile.TemporaryDirectory() as folder, folder_lock(args.sources):
        write_products(products, config, Path(folder))
        files = source_package(config, products.files, Path(folder), target, args.cpu)
        return write_files(files, args.sources)


def _check_toolchains(args: argparse.Namespace, target: Target) -> None:
    """What is missing should be told before the work, not after."""
    for member in member_targets(target).values():
        load_toolchain(args.toolchain, member)


def _build(args: argparse.Namespace, config: Config, folder: Path, target: Target) -> list[Library]:
    # A depfile tells of the user's C files; objects that a cache has are no inputs.
    with_headers(config.sources)
    with unnoted():
        return build_library(folder, config, target, args.toolchain)
