"""Other versions of Python on this machine, with what a build needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

VERSIONS = ("3.10", "3.11", "3.12", "3.13")
_NEEDED = "import SCons, numpy, jinja2, yaml, jsonschema, elftools, ziglang, clang_format"


class PythonError(Exception):
    """An interpreter cannot be had; ``str`` is one line."""


def find_pythons(asked: Sequence[str], tree: Path) -> list[str]:
    """Interpreters with the packages of a build.

    ``asked``: programs or versions ("3.12"), or "all": every version that is installed; nothing: what needs no setting
    up. Where packages are missing they are installed as ``tree``/requirements.lock says, into
    build/.tools/python-VERSION. Raises PythonError.
    """
    if not asked:
        known = [_environment(tree, version) for version in _others()]
        found = [shutil.which(f"python{version}") for version in _others()]
        return [os.fspath(path) for path in [*known, *found] if path and _is_ready(os.fspath(path))]
    if list(asked) == ["all"]:
        return [_ready(program, tree) for version in _others() if (program := _working(f"python{version}"))]
    names = [f"python{name}" if re.fullmatch(r"3\.\d+", name) else name for name in asked]
    return [_ready(_required(name), tree) for name in names]


def _others() -> list[str]:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    return [version for version in VERSIONS if version != here]


def _environment(tree: Path, version: str) -> Path:
    return tree / "build" / ".tools" / f"python-{version}" / "bin" / "python"


def _say(program: str, code: str) -> str | None:
    """What ``code`` prints, None where it cannot be run."""
    try:
        done = subprocess.run([program, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return None if done.returncode else done.stdout.strip()


def _is_ready(program: str) -> bool:
    return _say(program, _NEEDED) is not None


def _working(name: str) -> str:
    """Path of an interpreter that starts, empty where there is none."""
    return next((path for path in _candidates(name) if _say(path, "") is not None), "")


def _candidates(name: str) -> Iterator[str]:
    """By PATH; where pyenv has put a program there that only stands for one, also that."""
    for folder in os.get_exec_path():
        if path := shutil.which(name, path=folder):
            yield path
            version = name.removeprefix("python")
            yield from sorted(
                map(str, Path(folder).parent.glob(f"versions/{version}.*/bin/{name}")), reverse=True
            )
    if os.sep in name:
        yield name


def _required(name: str) -> str:
    path = _working(name)
    if not path:
        raise PythonError(f"python={name}: there is no such interpreter")
    return path


def _ready(program: str, tree: Path) -> str:
    """The interpreter itself, or one of an environment that has the packages."""
    if _is_ready(program):
        return program
    version = _say(program, "import sys; print('%d.%d' % sys.version_info[:2])") or ""
    python, lock = _environment(tree, version), tree / "requirements.lock"
    if python.exists() and _is_ready(os.fspath(python)):
        return os.fspath(python)
    if not lock.is_file():
        raise PythonError(
            f"{program} lacks packages that a build needs, and there is no {lock.name} to install them"
        )
    print(f"  installing the packages of {lock.name} for Python {version}", flush=True)
    _call(program, "-m", "venv", "--clear", os.fspath(python.parents[1]))
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--only-binary", ":all:"]
    _call(os.fspath(python), "-m", "pip", "install", *options, "--require-hashes", "-r", os.fspath(lock))
    return os.fspath(python)


def _call(*words: str) -> None:
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise PythonError(f"{' '.join(words[:4])}: {done.stdout.strip()[-400:]}")
