"""How much stack opening and running a model take: the compiler's figures of frames, added up along the calls.

Clang writes frames into the section .stack_sizes of an object, GCC into a file beside it, from where ``keep_frames``
takes them into the object. Who calls whom is what the relocations of an object say, each function having a section of
its own; the address of a function counts as a call. What calls go through pointers is known: runs call the kernels
of a model's tables.
"""

from __future__ import annotations

import itertools
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

_NOTE = "mgecc frame "
_TABLE = re.compile(r"_table(_\d+)?")
_RUNS = ("mgecc_run", "mgecc_run_bound")


@dataclass(frozen=True)
class Stack:
    """``bytes``: of stack, without what the functions in ``without`` take, for which the compiler has no figure."""

    bytes: int
    without: tuple[str, ...] = ()


@dataclass
class _Section:
    """A function, or data with addresses. ``frame``: its bytes of stack; None if there is no figure."""

    name: str
    frame: int | None
    targets: list[str] = field(default_factory=list)


def stack_of(objects: Mapping[str, Any]) -> dict[str, dict[str, Stack]]:
    """Of each model in a library, by the prefix of its C names: stack of "open" and of "run".

    ``objects``: open ELF files by name. Models of which no frame is known are left out.
    """
    graph = _Graph([_sections(name, elf) for name, elf in objects.items()])
    return {
        model: {"open": graph.most(graph.openers(model)), "run": graph.run(model)}
        for model in graph.models
        if graph.known(model)
    }


def keep_frames(obj: Path) -> None:
    """Take the figures that GCC wrote beside an object into its section .comment, and remove their file."""
    beside = obj.with_suffix(".su")
    if not beside.is_file():
        return
    from elftools.elf.elffile import ELFFile  # takes a while to load

    rows = [line.split("\t") for line in beside.read_text(encoding="utf-8").splitlines()]
    notes = [f"{_NOTE}{row[0].rsplit(':', 1)[1]} {row[1]}" for row in rows if row[2] != "dynamic"]
    beside.unlink()
    with obj.open("r+b") as file:
        elf = ELFFile(file)
        index, comment = elf.get_section_index(".comment"), elf.get_section_by_name(".comment")
        if comment is None:
            return
        text = comment.data() + b"".join(f"{note}\0".encode() for note in notes)
        end = file.seek(0, 2)
        file.write(text)
        # Offset and size lie side by side in a section's header, whose first four fields are words of the machine's.
        word = "I" if elf.elfclass == 32 else "Q"
        place = struct.pack(f"<2{word}", end, len(text))
        file.seek(elf["e_shoff"] + index * elf["e_shentsize"] + 8 + 2 * struct.calcsize(word))
        file.write(place)


def _sections(name: str, elf: Any) -> tuple[dict[str, _Section], dict[str, str]]:
    """Sections of an object with code or addresses, by a name that no other has, and the section of each symbol."""
    symbols = elf.get_section_by_name(".symtab")
    found, names = {}, {}
    functions = {s["st_shndx"]: s.name for s in _of_type(symbols, "STT_FUNC")}
    frames = _frames(elf, functions)
    for index, section in enumerate(elf.iter_sections()):
        is_code = bool(section["sh_flags"] & 4)
        frame = frames.get(index) if is_code else 0
        recurs = is_code and elf["e_machine"] == "EM_ARM" and _calls_itself(section.data())
        here = f"{name}:{index}"
        found[here] = _Section(functions.get(index, section.name), frame, [here] * recurs)
    for symbol in _of_type(symbols, "STT_FUNC", "STT_OBJECT"):
        if isinstance(symbol["st_shndx"], int):
            names[symbol.name] = f"{name}:{symbol['st_shndx']}"
    for section in elf.iter_sections():
        if section["sh_type"] in ("SHT_REL", "SHT_RELA"):
            for relocation in section.iter_relocations():
                symbol = symbols.get_symbol(relocation["r_info_sym"])
                at = symbol["st_shndx"]
                target = f"{name}:{at}" if isinstance(at, int) else symbol.name
                if at != section["sh_info"] or symbol["st_info"]["type"] != "STT_SECTION":  # no jump within
                    found[f"{name}:{section['sh_info']}"].targets.append(target)
    return found, names


def _calls_itself(code: bytes) -> bool:
    """Whether a Thumb function has a BL to its first instruction, for which assemblers leave no relocation."""
    halves = struct.unpack(f"<{len(code) // 2}H", code[: len(code) // 2 * 2])
    for at, (first, second) in enumerate(itertools.pairwise(halves)):
        if first >> 11 == 0b11110 and second & 0xD000 == 0xD000:
            sign = first >> 10 & 1
            bits = [1 ^ (second >> place & 1) ^ sign for place in (13, 11)]
            distance = bits[0] << 22 | bits[1] << 21 | (first & 0x3FF) << 11 | second & 0x7FF
            if at and at + 2 + distance - (sign << 23) == 0:
                return True
    return False


def _of_type(symbols: Any, *kinds: str) -> list[Any]:
    return [s for s in symbols.iter_symbols() if s["st_info"]["type"] in kinds] if symbols else []


def _frames(elf: Any, functions: Mapping[int, str]) -> dict[int, int]:
    """Bytes of stack by the number of the function's section."""
    found: dict[int, int] = {}
    for section in elf.iter_sections():
        if section.name == ".stack_sizes":
            data, address = section.data(), elf.elfclass // 8
            found[section["sh_link"]] = _uleb(data[address:])
    comment = elf.get_section_by_name(".comment")
    words = [text.split() for text in _texts(comment.data() if comment else b"") if text.startswith(_NOTE)]
    told = {word[-2]: int(word[-1]) for word in words}
    # What GCC made of a function has a number behind its name.
    return found | {
        index: told[word]
        for index, function in functions.items()
        for word in (function, re.sub(r"\.\d+$", "", function))
        if word in told
    }


def _texts(data: bytes) -> list[str]:
    return [text.decode("utf-8", "replace") for text in data.split(b"\0")]


def _uleb(data: bytes) -> int:
    number = 0
    for place, byte in enumerate(data):
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            break
    return number


class _Graph:
    """All sections of a library; an edge for each address that one has of another."""

    def __init__(self, parts: Iterable[tuple[dict[str, _Section], dict[str, str]]]) -> None:
        self._sections: dict[str, _Section] = {}
        self._names: dict[str, str] = {}
        for sections, names in parts:
            self._sections |= sections
            self._names |= {name: place for name, place in names.items() if name not in self._names}

    @cached_property
    def models(self) -> list[str]:
        ends = [name.removesuffix("_kernels") for name in self._names if name.endswith("_kernels")]
        return sorted(name for name in ends if f"{name}_open" in self._names)

    @cached_property
    def _data(self) -> set[str]:
        """What opening refers to, but does not call; the blob may be in no object."""
        blobs = {f"{model}_blob{part}" for model in self.models for part in ("", "_size")}
        return {self._names[f"{model}_kernels"] for model in self.models} | blobs

    def known(self, model: str) -> bool:
        return self._sections[self._names[f"{model}_open"]].frame is not None

    def openers(self, model: str) -> list[str]:
        wanted = re.compile(rf"{model}_(open(_blob|_shapes|_shapes_blob)?|reset)")
        return [place for name, place in self._names.items() if wanted.fullmatch(name)]

    def run(self, model: str) -> Stack:
        """Of running the kernels of the model; of several ways to, the one that takes most."""
        tables = [
            place
            for name, place in self._names.items()
            if name.startswith(model) and _TABLE.fullmatch(name[len(model) :])
        ]
        own, kernels = (
            self.most(self._names[name] for name in _RUNS if name in self._names),
            self.most(tables),
        )
        return Stack(own.bytes + kernels.bytes, tuple(sorted({*own.without, *kernels.without})))

    def most(self, places: Iterable[str]) -> Stack:
        """The most that calls of functions take, or of what data points to."""
        without: set[str] = set()
        depths: dict[str, int] = {}
        most = max((self._depth(place, depths, without, ()) for place in places), default=0)
        return Stack(most, tuple(sorted(without)))

    def _depth(self, place: str, depths: dict[str, int], without: set[str], above: tuple[str, ...]) -> int:
        place = self._names.get(place, place)
        section = self._sections.get(place)
        # A function from elsewhere has no section or no figure; one that calls itself has no bound.
        if section is None or section.frame is None or place in above:
            without.add(section.name if section else place)
            return 0
        if place not in depths:
            inner = [t for t in section.targets if self._names.get(t, t) not in self._data]
            below = [self._depth(target, depths, without, (*above, place)) for target in dict.fromkeys(inner)]
            depths[place] = section.frame + max(below, default=0)
        return depths[place]
