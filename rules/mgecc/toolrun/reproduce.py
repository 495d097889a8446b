"""Building a tree twice and more under conditions that must not matter, and comparing every byte."""

from __future__ import annotations

import filecmp
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mgecc.errors import DIFFERENT
from mgecc.toolrun import perturb
from mgecc.toolrun.process import clean_environment
from mgecc.toolrun.progress import track

_NOISE = {
    "CFLAGS": "-DBROKEN", "CPATH": "/nonexistent", "LDFLAGS": "-Wl,--broken", "CC": "false", "MAKEFLAGS": "-j99",
    "ZERO_AR_DATE": "0", "COLUMNS": "33", "LESS": "x", "PYTHONDONTWRITEBYTECODE": "1",
}  # fmt: skip

# OpenBLAS' names of processors, as whose it computes where it is told so.
_OLDEST, _OLDER = (
    ("ARMV8", "NEOVERSEN1") if platform.machine() in ("aarch64", "arm64") else ("Nehalem", "Haswell")
)
_FEATURES = """
import numpy
print(*numpy.show_config(mode="dicts")["SIMD Extensions"].get("found", []))
"""


class ReproduceError(Exception):
    """One of the builds failed; ``str`` is what it printed last."""


@dataclass(frozen=True)
class Condition:
    """How one of the builds is made different from the others.

    ``processor``: what NumPy and its BLAS take the processor for. ``strange``: as another user, at another time, with
    folders in another order, as far as that can be had here.
    """

    name: str
    folder: str
    python: str
    umask: int = 0o022
    jobs: int = 1
    environment: dict[str, str] = field(default_factory=dict)
    processor: str = ""
    strange: bool = False

    def __str__(self) -> str:
        words = [f"umask {self.umask:03o}", f"-j{self.jobs}", f"locale {self.environment['LC_ALL']}"]
        words += [f"time zone {self.environment['TZ']}"]
        words += [f"processor {self.processor}"] if self.processor else []
        if self.strange:
            words += ["user nobody"] if _nobody() else ["the same user (unshare -U is not possible here)"]
            words += [
                f"clock +{perturb.SECONDS // 86400} days",
                "folders backwards",
                "noisy environment",
            ]
        return f"{self.name}: {', '.join(words)}"


def conditions(pythons: Sequence[str], locale: dict[str, str]) -> list[Condition]:
    """A plain build, one where everything is odd, and one per further Python in an odd place."""
    plain = {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "0"}
    odd = _NOISE | locale | {"LANGUAGE": "tr", "TZ": "Asia/Kolkata", "PYTHONHASHSEED": "4711"}
    others = [
        Condition(
            f"python {path}", f"python {k}/ü", path, 0o002, 2, plain | {"TZ": "America/St_Johns"}, _OLDER
        )
        for k, path in enumerate(pythons)
    ]
    return [
        Condition("plain", "a", sys.executable, environment=plain),
        Condition(
            "odd", "a longer/place with spaces/b", sys.executable, 0o077, 2, odd, _OLDEST, strange=True
        ),
        *others,
    ]


def foreign_locale(folder: Path) -> dict[str, str]:
    """Environment with other letters, days and decimal points, where such a locale can be made in ``folder``."""
    place = folder / "tr_TR.UTF-8"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(
            ["localedef", "-i", "tr_TR", "-f", "UTF-8", str(place)], capture_output=True, check=False
        )
    except OSError:
        pass
    made = place.is_dir()
    return {"LC_ALL": place.name, "LOCPATH": str(folder)} if made else {"LC_ALL": "C.UTF-8"}


@cache
def _nobody() -> tuple[str, ...]:
    """What runs a command as another user who may do the same; empty where the system has no such thing."""
    words = ("unshare", "--user")
    try:
        done = subprocess.run([*words, "true"], capture_output=True, check=False)
    except OSError:
        return ()
    return () if done.returncode else words


def reproduce(root: Path, words: Sequence[str], pythons: Sequence[str] = ()) -> int:
    """Build copies of the tree ``root`` with ``scons release WORDS`` and compare; returns 0 if all bytes are equal.

    Prints a line per build and every path that differs. Raises ReproduceError.
    """
    with tempfile.TemporaryDirectory(prefix="mgecc-reproduce-") as scratch:
        trees = []
        wanted = conditions(pythons, foreign_locale(Path(scratch) / "locale"))
        for condition in track("builds", wanted):
            tree = Path(scratch) / condition.folder
            _copy(root, tree)
            more = _surround(root, tree, condition) if condition.processor else {}
            _build(condition, tree, words, more)
            trees.append(tree / "build")
            print(f"  built: {condition}", flush=True)
        different = [line for tree in trees[1:] for line in differences(trees[0], tree)]
        count = len(products(trees[0]))
    print("\n".join(different) or f"  {count} files are equal in all {len(trees)} builds", flush=True)
    return DIFFERENT if different or not count else 0


def _copy(root: Path, tree: Path) -> None:
    """The sources; not what was built, and nothing hidden."""

    def ignore(folder: str, names: list[str]) -> list[str]:
        top = {"build"} if Path(folder) == root else set()
        return [name for name in names if name.startswith(".") or name == "__pycache__" or name in top]

    shutil.copytree(root, tree, ignore=ignore, symlinks=True)


def _surround(root: Path, tree: Path, condition: Condition) -> dict[str, str]:
    """Make the processes of a build in ``tree`` live in other surroundings; returns the environment they need.

    The compiler's processes see no variable but PYTHONPATH, which is the folder of mgecc, so that has the file; an
    installed mgecc is copied for it.
    """
    package = Path(__file__).resolve().parents[1]
    if package.is_relative_to(root.resolve()):
        home = tree / package.parent.relative_to(root.resolve())
    else:
        home = tree.with_name(f"{tree.name} mgecc")
        shutil.copytree(package, home / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    lines = [Path(perturb.__file__).read_text(encoding="utf-8")]
    lines += [f"os.environ.update({_of_processor(condition)!r})", "change()" if condition.strange else ""]
    (home / "sitecustomize.py").write_text("\n".join(lines), encoding="utf-8")
    needed = {"PYTHONPATH": os.fspath(home)}
    if not condition.strange:
        return needed
    for folder, _, names in os.walk(tree):
        for name in names:
            os.utime(os.path.join(folder, name), (1e9, 1e9), follow_symlinks=False)
    return needed | {"HOME": "/nonexistent", "USER": "nobody", "LOGNAME": "nobody"}


def _of_processor(condition: Condition) -> dict[str, str]:
    """Variables by which NumPy and its BLAS compute as on the condition's processor, not on the one that is there."""
    done = subprocess.run([condition.python, "-c", _FEATURES], capture_output=True, text=True, check=False)
    features = done.stdout.split()[0 if condition.processor == _OLDEST else 1 :]
    return {"OPENBLAS_CORETYPE": condition.processor, "NPY_DISABLE_CPU_FEATURES": " ".join(features)}


def _build(condition: Condition, tree: Path, words: Sequence[str], more: dict[str, str]) -> None:
    command = [condition.python, "-m", "SCons", "release", *words, f"-j{condition.jobs}"]
    user = _nobody() if condition.strange else ()
    done = subprocess.run(
        [*user, "sh", "-c", f'umask {condition.umask:03o}; exec "$@"', "sh", *command],
        cwd=tree,
        env=clean_environment() | condition.environment | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise ReproduceError(f"the build '{condition.name}' failed:\n{done.stdout[-2000:].rstrip()}")


def products(build: Path) -> set[str]:
    """Paths of everything a build made that is for others: no caches, no notes of the build system."""
    files = (path.relative_to(build) for path in build.rglob("*") if path.is_file())
    notes = ("uses.json",)
    return {
        path.as_posix()
        for path in files
        if path.name not in notes
        and not path.name.startswith(".")
        and path.parts[0] not in (".cache", ".tools")
    }


def differences(one: Path, other: Path) -> list[str]:
    """A line for every file that only one of two builds has, or that is not the same in both."""
    ours, theirs = products(one), products(other)
    lines = [f"  only in one build: {name}" for name in sorted(ours ^ theirs)]
    for name in sorted(ours & theirs):
        if not filecmp.cmp(one / name, other / name, shallow=False):
            lines += [f"  differs: {name}", *_diffoscope(one / name, other / name)]
    return lines


def _diffoscope(one: Path, other: Path) -> list[str]:
    """What is different inside two files, where the program that tells is installed."""
    program = shutil.which("diffoscope")
    if program is None:
        return []
    args = [program, "--text=-", "--max-text-report-size=2000", os.fspath(one), os.fspath(other)]
    done = subprocess.run(args, capture_output=True, text=True, errors="replace", check=False)
    return [f"    {line}" for line in done.stdout.splitlines()[:40]]
