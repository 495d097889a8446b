"""A machine of the user's own: one YAML file anywhere, named by its path.

The file names the target, core or board it is like, with features (``base: cortex-m33+nodsp``), and gives what
differs, by the keys of the files in this folder; ``cpu`` picks a processor of the base's list::

    base: cortex-m7
    boards:
      - name: sorter
        flash: [0x08000000, 0x200000]
        ram: [0x24000000, 0x80000]
        memories: {dtcm: [0x20000000, 0x20000]}

``flash`` and ``ram`` of a board are first address and bytes; a program that does not fit is refused at link. Code and
data of the section ``.dtcm`` go to the memory of that name and are copied there before the program begins, zeros of
``.bss.dtcm`` likewise. Memories of ``in_place`` keep what is in them, as external flash does: nothing is copied.
``place: {itcm: [.text.mgk_*], qspi: [.rodata.*_blob]}`` says which sections lie in which of these.

``machine`` is QEMU's name of the board; where none has one, programs of ``run`` and
``verify`` are laid out for the machine of the base. A toolchain of your own is ``gcc: {prefix: acme-arm-, package:
acme-sdk}``: its programs are then acme-arm-gcc and acme-arm-ar, used with ``toolchain=gcc``; ``cflags`` replaces the
compiler's flags for the processor. ``cache`` is how many bytes of the second level's cache tensors may count on: what
is between two layers is kept within, a few channels at a time; 0: there is none. ``isa`` is the name of an
instruction set, or the record of one of your own, whose header is beside the file (docs/new-isa.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 1 << 16
SUFFIXES = (".yaml", ".yml")
_BOARD_TEXTS = ("machine", "cpu", "name")
_BOARD_RANGES = ("vectors", "flash", "ram")
_SECTIONS = (*_BOARD_RANGES, "text", "rodata", "init_array", "copies", "data", "bss", "stack")
_WORDS_OF_LD = ("o", "org", "l", "len")  # for ORIGIN and LENGTH of a memory; all others are in capitals
_MEMORY = re.compile("[a-z][a-z0-9_]*")
_PATTERN = re.compile(r"\.[\w.*?]+")


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
    if "boards" in given:
        given["boards"] = [*given["boards"], *_emulated(given["boards"], base.get("boards", ()))]
    return base | given | {"base": base_name}


def _emulated(boards: list[dict[str, Any]], others: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Machines of the base that programs of tests run on where no board of the file can be emulated."""
    return [] if any("machine" in board for board in boards) else [b for b in others if "machine" in b]


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
        if not _is_good(key, value):
            raise OwnTargetError(f"{path}: {key} of a board cannot be {value!r}")
    known = {**board.get("memories", {}), **board.get("in_place", {})}
    for name in board.get("place", {}):
        if name not in known:
            raise OwnTargetError(f"{path}: place of a board names {name!r}, which is none of its memories")


def _is_good(key: str, value: Any) -> bool:
    """Whether a board may have this."""
    if key in _BOARD_RANGES:
        return _is_range(value)
    if key == "place":
        return isinstance(value, dict) and all(map(_are_patterns, value.values()))
    if key in ("memories", "in_place"):
        return isinstance(value, dict) and all(map(_is_memory, value)) and all(map(_is_range, value.values()))
    return type(value) is int if key == "stack" else key in _BOARD_TEXTS and isinstance(value, str)


def _is_memory(name: Any) -> bool:
    """Whether the linker script may have a memory and a section of this name."""
    taken = (*_SECTIONS, *_WORDS_OF_LD)
    return isinstance(name, str) and bool(_MEMORY.fullmatch(name)) and name not in taken


def _are_patterns(value: Any) -> bool:
    """Whether these are names of sections, with wildcards."""
    return isinstance(value, list) and all(
        isinstance(word, str) and _PATTERN.fullmatch(word) for word in value
    )


def _is_range(value: Any) -> bool:
    return isinstance(value, list) and [type(n) for n in value] == [int, int] and min(value) >= 0
