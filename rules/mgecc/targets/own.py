"""A machine of the user's own: one YAML file anywhere, named by its path.

The file names the target it is like (``base: baremetal``) and gives what differs, by the keys of the files in this
folder; ``cpu`` picks a processor of the base's list::

    base: baremetal
    cpu: cortex-m7
    boards:
      - {machine: mps2-an500, flash: [0x00000000, 0x400000], ram: [0x20000000, 0x400000]}

``flash`` and ``ram`` of a board are first address and bytes; ``machine`` is QEMU's name and may be left out. A
toolchain of your own is ``gcc: {prefix: acme-arm-, package: acme-sdk}``: its programs are then acme-arm-gcc and
acme-arm-ar, used with ``toolchain=gcc``; ``cflags`` replaces the compiler's flags for the processor. ``cache`` is how
many bytes of the second level's cache tensors may count on: what is between two layers is kept within, a few channels
at a time; 0: there is none. ``isa`` is the name of an instruction set, or the record of one of your own, whose header
is beside the file (docs/new-isa.md).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 1 << 16
SUFFIXES = (".yaml", ".yml")
_BOARD_TEXTS = ("machine", "cpu", "name")
_BOARD_RANGES = ("vectors", "flash", "ram")


class OwnTargetError(Exception):
    """What is wrong with the file; ``str`` is one line that begins with its path."""


def split_path(text: str) -> tuple[str, list[str]] | None:
    """Path and features of ``boards/mine.yaml+dot``; None for a name."""
    for suffix in SUFFIXES:
        path, found, rest = text.partition(suffix)
        if found and path and (not rest or rest[0] == "+"):
            return path + suffix, rest.split("+")[1:]
    return None


def read_own(
    path: Path, base_of: Callable[[str], dict[str, Any]], kinds: dict[str, tuple[type, ...]]
) -> dict[str, Any]:
    """The description in ``path`` laid over its base's. ``kinds``: the keys there may be, and of which kind their
    values are. Raises OwnTargetError."""
    given = _read(path)
    base_name = given.pop("base", None)
    if not isinstance(base_name, str):
        raise OwnTargetError(f"{path}: needs 'base:' with the target it is like, for example baremetal")
    base = dict(base_of(base_name))
    base.pop("aliases", None)
    _pick_cpu(path, base, given)
    for key, value in given.items():
        _check(path, key, value, kinds)
    return base | given | {"base": base_name}


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        value = yaml.safe_load(data) if len(data) <= MAX_BYTES else None
    except OSError as error:
        raise OwnTargetError(f"{path}: {error.strerror or error}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise OwnTargetError(f"{path}: {str(error).splitlines()[0]}") from None
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise OwnTargetError(f"{path}: is not a description of a target")
    return dict(value)


def _pick_cpu(path: Path, base: dict[str, Any], given: dict[str, Any]) -> None:
    cpu = given.pop("cpu", None)
    cpus = base.get("cpus", {})
    cpus = {
        name: chosen for name, chosen in cpus.items() if "best" not in chosen
    }  # which is not the file's alone
    if cpu is not None and cpu not in cpus:
        raise OwnTargetError(f"{path}: unknown cpu {cpu!r}; known: {', '.join(sorted(cpus))}")
    base.update(cpus[cpu] if cpu else {})


def _check(path: Path, key: str, value: Any, kinds: dict[str, tuple[type, ...]]) -> None:
    if key not in kinds:
        raise OwnTargetError(f"{path}: unknown key {key!r}; known: {', '.join(sorted(kinds))}")
    if type(value) not in kinds[key]:
        names = " or ".join(kind.__name__ for kind in kinds[key])
        raise OwnTargetError(f"{path}: {key} must be of the kind {names}")
    if type(value) is list and key != "boards" and not all(isinstance(item, str) for item in value):
        raise OwnTargetError(f"{path}: {key} must be a list of words")
    for board in value if key == "boards" else ():
        _check_board(path, board)


def _check_board(path: Path, board: Any) -> None:
    if not isinstance(board, dict) or not {"flash", "ram"} <= set(board):
        raise OwnTargetError(f"{path}: a board needs flash and ram, each [first address, bytes]")
    for key, value in board.items():
        if key in _BOARD_RANGES:
            good = isinstance(value, list) and [type(n) for n in value] == [int, int] and min(value) >= 0
        else:
            good = type(value) is int if key == "stack" else key in _BOARD_TEXTS and isinstance(value, str)
        if not good:
            raise OwnTargetError(f"{path}: {key} of a board cannot be {value!r}")
