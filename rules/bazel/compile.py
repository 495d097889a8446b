"""What actions run: compile models to C, in folders that Bazel's own compiler steps take.

    compile.py REQUEST --include DIR --src DIR --assembly DIR --blob DIR --flags FILE [--report FILE --runner FILE]

REQUEST: a file with a CompileRequest as JSON. ``--src`` gets C files; weights too large for an array go to
``--assembly``, which includes what is in ``--blob``. ``--flags`` gets the options without which results would differ in
the last bits, ``--runner`` the C file that makes a runner of a single model.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from pathlib import Path, PurePosixPath

from mgecc.emit import ARRAY_LIMIT
from mgecc.errors import Reported
from mgecc.package.source_package import source_package
from mgecc.package.source_tree import source_flags
from mgecc.request import CompileRequest
from mgecc.targets import load_target
from mgecc.toolrun.products import read_request, readable_products, write_files, write_products
from mgecc.toolrun.sources import runner_main

_FOLDERS = ("include", "src", "assembly", "blob")


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="mgecc")
    parser.add_argument("request", type=Path)
    for name in _FOLDERS:
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--flags", type=Path, required=True)
    for name in ("report", "runner"):
        parser.add_argument(f"--{name}", type=Path)
    args = parser.parse_args(words)
    try:
        _compile(args)
    except Reported as error:
        print(f"mgecc: error: {error}", file=sys.stderr)
        return error.status
    return 0


def _compile(args: argparse.Namespace) -> None:
    request = CompileRequest.from_line(args.request.read_text(encoding="utf-8"))
    target = load_target(request.target, request.cpu)
    config = read_request(request)
    products = readable_products(config, request.target, request.cpu)
    for note in products.notes:
        print(note, file=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        write_products(products, config, Path(name))
        files = source_package(config, products.files, Path(name), request.target, request.cpu)
    for folder in _FOLDERS:
        getattr(args, folder).mkdir(parents=True, exist_ok=True)
        write_files(_inside(files, folder), getattr(args, folder))
    flags = source_flags(target, request.optimize or config.optimize)
    args.flags.write_text("".join(shlex.quote(flag) + "\n" for flag in flags), encoding="utf-8")
    if args.report:
        args.report.write_bytes(products.files["report.json"])
    if args.runner:
        sizes = b"mgecc_dynamic *" in products.files[f"{config.name}.h"]
        args.runner.write_text(runner_main(config.name, sizes), encoding="utf-8")


def _inside(files: dict[str, bytes], folder: str) -> dict[str, bytes]:
    """Files of the package that go into one of the folders, by their paths there: each blob either way."""
    large = {
        PurePosixPath(path).stem
        for path, data in files.items()
        if path.endswith(".blob") and len(data) > ARRAY_LIMIT
    }
    where = {
        "assembly": ("blob/", {f"{name}_blob.S" for name in large}),
        "blob": ("blob/", {f"{name}.blob" for name in large}),
    }
    start, chosen = where.get(folder, (f"{folder}/", None))
    inside = {path.removeprefix(start): data for path, data in files.items() if path.startswith(start)}
    arrays = {f"{name}_blob.c" for name in large}
    return {
        path: data
        for path, data in inside.items()
        if (path in chosen if chosen is not None else path not in arrays)
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
