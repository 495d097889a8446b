"""Whether objects pass floats as a target's core does. Linkers of LLVM do not look, and the numbers would be wrong.

Format: "ABI for the Arm Architecture", addenda: build attributes in a section of the kind SHT_ARM_ATTRIBUTES.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from mgecc.targets import Target

_ARM_ATTRIBUTES = 0x70000003
_NUMBER_MODEL, _VFP_ARGS = 23, 28
_TEXTS = (4, 5, 67)  # tags below 32 with a text; of those above, the odd ones
_HEAD = len(b"!<arch>\n")


def float_abi_conflict(target: Target, paths: Iterable[str]) -> str:
    """One line about the first object or library that passes floats in another way; "" if none does."""
    wanted = [flag for flag in target.cflags if flag.startswith("-mfloat-abi=")][-1:]
    if target.system != "none" or not wanted:
        return ""
    hard = wanted == ["-mfloat-abi=hard"]
    for path in paths:
        if path.endswith((".o", ".a")) and Path(path).is_file():
            for data in _objects(Path(path).read_bytes()):
                if _passes_otherwise(_attributes(data), hard):
                    return _line(target, path, hard)
    return ""


def _line(target: Target, path: str, hard: bool) -> str:
    where = ["integer registers", "registers of the FPU"]
    core = "" if hard else " or build for a core with an FPU, such as cortex-m4f"
    flags = " ".join(flag for flag in target.cflags if flag.startswith(("-mcpu", "-mfpu", "-mfloat-abi")))
    return (
        f"{path}: its functions pass floats in {where[not hard]}, those for {target.name} in {where[hard]}; "
        f"compile it with {flags},{core}".rstrip(",")
    )


def _passes_otherwise(attributes: dict[int, int], hard: bool) -> bool:
    """Assembly that has nothing to do with floats says nothing of them."""
    if _VFP_ARGS in attributes:
        return attributes[_VFP_ARGS] == (0 if hard else 1)
    return hard and bool(attributes.get(_NUMBER_MODEL))


def _objects(data: bytes) -> Iterator[bytes]:
    """ELF objects of a file: itself, or the members of an archive."""
    if data[:4] == b"\x7fELF":
        yield data
    at = _HEAD if data.startswith(b"!<arch>\n") else len(data)
    while at + 60 <= len(data):
        size = int(data[at + 48 : at + 58].split()[0])
        member = data[at + 60 : at + 60 + size]
        if member[:4] == b"\x7fELF":
            yield member
        at += 60 + size + size % 2


def _attributes(data: bytes) -> dict[int, int]:
    """Numbers by tag of a 32-bit object's build attributes."""
    start, (size, count) = struct.unpack_from("<I", data, 32)[0], struct.unpack_from("<HH", data, 46)
    for k in range(count):
        kind, _, _, offset, length = struct.unpack_from("<5I", data, start + k * size + 4)
        if kind == _ARM_ATTRIBUTES:
            vendor = data[offset + 5 : offset + length].partition(b"\0")[2]
            return dict(_pairs(vendor[5:]))  # behind the tag of the whole file and its length
    return {}


def _pairs(data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(data):
        tag, at = _number(data, at)
        if tag in _TEXTS or (tag > 32 and tag % 2):
            at = data.index(0, at) + 1
        else:
            value, at = _number(data, at)
            yield tag, value


def _number(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and where the next one begins."""
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at
