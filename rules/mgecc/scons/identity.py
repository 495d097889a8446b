"""What the model compiler is made of, and which of it a model depends on.

A compilation depends on all modules of the compiler and on the templates, SIMD headers and target files that it used.
Which those are is known after the first compilation only; it is written down beside the products with their
digests. As long as the modules are the same, a compiler whose used files are the same too would choose and write the
same again, so nothing else needs to be looked at.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mgecc.scons.inputs import Stamp, stamp
from mgecc.scons.reads import record_node, recorded_files
from mgecc.toolrun.process import write_atomically

_PACKAGE = Path(__file__).resolve().parents[1]
_SUFFIXES = (".py", ".j2", ".h", ".yaml", ".json")
# What is part of the package and decides nothing about what a model is compiled to.
NO_COMPILER = ("scons/", "commands/", "toolrun/", "package/", "report/html/", "cli.py", "export.py", "export_graph.py",
                "export_onnx.py", "interpret.py", "worker.py", "targets/toolchain.py")  # fmt: skip
_READS_CONFIG = "toolrun/products.py"
_LIBRARIES = ("numpy", "jinja2", "onnx", "clang-format")


@cache
def digests() -> dict[str, str]:
    """Path inside the package -> SHA-256, of everything the model compiler is made of, read once per build."""
    _stamps.update({name: stamp(_PACKAGE / name) for name in _names()})
    return {name: hashlib.sha256((_PACKAGE / name).read_bytes()).hexdigest() for name in _stamps}


_stamps: dict[str, Stamp] = {}


def _names() -> list[str]:
    every = sorted(p for p in _PACKAGE.rglob("*") if p.suffix in _SUFFIXES)
    names = [path.relative_to(_PACKAGE).as_posix() for path in every]
    return [name for name in names if name == _READS_CONFIG or not name.startswith(NO_COMPILER)]


def edited_since() -> list[str]:
    """Files of the compiler that were written since ``digests`` read them: a process may have compiled with others."""
    digests()
    return [name for name, before in _stamps.items() if stamp(_PACKAGE / name) != before]


def is_optional(name: str) -> bool:
    """Whether a model can do without this file of the compiler."""
    return name.endswith(".j2") or name.startswith("kernels/simd/") or _is_target(name)


def _is_target(name: str) -> bool:
    return name.startswith("targets/") and name.endswith(".yaml")


@cache
def base_digest() -> str:
    """Digest of what every model depends on: modules, tables, the libraries that compute and fill in templates."""
    versions = [(name, _version(name)) for name in _LIBRARIES]
    files = [item for item in digests().items() if not is_optional(item[0])]
    headers = [(name, "") for name in digests() if name.startswith("kernels/simd/")]  # found by their names
    return _digest([*versions, *files, *headers])


def _version(name: str) -> str:
    """Of an installed package; "" of one that can be done without."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


@cache
def whole_digest() -> str:
    """Digest of the whole compiler; what a cache must go by, where nothing was compiled yet."""
    return _digest([("", base_digest()), *digests().items()])


def _digest(pairs: Iterable[tuple[str, str]]) -> str:
    return hashlib.sha256("\n".join(f"{name} {digest}" for name, digest in pairs).encode()).hexdigest()


@dataclass(frozen=True)
class Uses:
    """The record of what one compilation used, kept in ``path``."""

    path: Path

    def write(self, names: Iterable[str]) -> None:
        """Record ``names``, paths inside the package, as the build found them when it began."""
        known = digests()
        document = {"compiler": base_digest(), "files": {name: known.get(name, "") for name in sorted(names)}}
        write_atomically(self.path, (json.dumps(document, indent=1) + "\n").encode())

    def forget(self) -> None:
        """Let the products count as made by something unknown, until ``write``."""
        self.path.unlink(missing_ok=True)

    def files(self) -> list[str]:
        """The files of the compiler in the record; none if there is no record."""
        return [os.fspath(_PACKAGE / name) for name in recorded_files(self.path)]

    def changes(self) -> list[str]:
        """What is not as it was then, in words; empty if the same products would be made again."""
        try:
            return _changes(self.path, self.path.stat().st_mtime_ns)
        except OSError:
            return ["the record of what the compiler used"]


@cache
def _changes(path: Path, _time: int) -> list[str]:
    try:
        document = json.loads(path.read_bytes())
        compiler, files = document["compiler"], dict(document["files"])
    except (ValueError, TypeError, KeyError):
        return ["the record of what the compiler used"]
    if compiler != base_digest():
        return ["the compiler"]
    now = digests()
    return [name for name, digest in files.items() if not digest or now.get(name) != digest]


def uses_node(env: Any, folder: str) -> Any:
    """A node that has changed when the compiler has, as far as the products in ``folder`` depend on it."""
    uses = Uses(Path(env.Dir(folder).get_abspath()) / "obj" / "uses.json")
    return record_node(env, f"compiler of {folder.removeprefix('#')}", uses)
