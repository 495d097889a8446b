"""From objects to a program and its images, as nodes: linker script, link, conversion."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from SCons.Builder import Builder
from SCons.Tool import ProgramScanner

from mgecc.scons.actions import SignedAction, StepError, reading_action, step_line
from mgecc.scons.reads import Reads, depend_on_reads
from mgecc.targets import Toolchain
from mgecc.toolrun.depfile import Read, extra_of_link, read_depfile
from mgecc.toolrun.process import ToolError, run_tool, temporary_name, write_atomically
from mgecc.toolrun.sources import board_script, board_template


@dataclass(frozen=True)
class Linking:
    """A program called ``name`` in ``folder``. ``flags``: the user's options; ``libraries``: after all objects."""

    env: Any
    toolchain: Toolchain
    label: str
    name: str
    folder: str
    flags: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()

    def board_script(self, board: dict[str, Any]) -> Any:
        """The node of a linker script for a board."""

        def write(target: list[Any], source: list[Any], env: Any) -> int:
            write_atomically(Path(str(target[0])), board_script(board).encode())
            return 0

        shown = step_line("LDS", self.label, f"{self.name}.ld")
        action = SignedAction(write, f"LDS {sorted(board.items())}", shown)
        path = f"{self.folder}/obj/{self.name}.ld"
        (node,) = self.env.Command(path, os.fspath(board_template()), action)
        return node

    def program(self, inputs: Sequence[Any], script: Any, signature: str) -> tuple[Any, Any]:
        """Nodes of the program and of the linker's map. ``script``: the node of the linker script, if there is one."""
        names = [self.env.File(f"{self.folder}/{self.name}.{suffix}") for suffix in ("elf", "map")]

        def reader(_sources: list[str], known: frozenset[str]) -> tuple[str, Read]:
            elf, map_file = (Path(str(node)) for node in names)
            return self._link([*map(str, inputs)], elf, map_file, script and Path(str(script)), known)

        words = " ".join(["LD program", signature, *self.flags, *self.libraries])
        reads = Reads(Path(self.env.File(f"{self.folder}/obj/{self.name}.elf.reads").get_abspath()))
        action = reading_action(
            reader, reads, words, step_line("LD", self.label, f"{self.name}.elf"), cached=False
        )
        files = {"target_factory": self.env.fs.File, "source_factory": self.env.fs.File}
        link = Builder(action=action, target_scanner=ProgramScanner, **files)
        elf, map_file = link(self.env, names, [*inputs, *([script] if script else [])])
        self.env.Depends([elf, map_file], self.env.Value(self.toolchain.identity))
        depend_on_reads(self.env, [elf, map_file], reads)
        return elf, map_file

    def _link(
        self, inputs: list[str], elf: Path, map_file: Path, script: Path | None, known: frozenset[str]
    ) -> tuple[str, Read]:
        from mgecc.toolrun.runner import link_program  # loads NumPy, which null builds do without

        drawn, told = temporary_name(map_file), temporary_name(elf.with_name(f"{elf.name}.d"))
        options = [*self.flags, *self.toolchain.map_args(drawn), *self.toolchain.link_depfile_args(told)]
        try:
            said = link_program(self.toolchain, elf, [*inputs, *self.libraries, *options], script)
            write_atomically(map_file, _finished_map(drawn.read_bytes(), elf))
            return said, extra_of_link(read_depfile(told), elf, self.toolchain, known, self.flags)
        finally:
            for path in (drawn, told):
                path.unlink(missing_ok=True)

    def image(self, elf: Any, kind: str) -> Any:
        """The node of the program in another format, "bin" or "hex"."""
        name = f"{self.name}.{kind}"

        def convert(target: list[Any], source: list[Any], env: Any) -> int:
            output = Path(str(target[0]))
            try:
                run_tool(lambda out: self.toolchain.image_args(out, str(source[0]), kind), output)
            except ToolError as error:
                raise StepError(str(error)) from None
            return 0

        action = SignedAction(convert, f"OBJCOPY {kind}", step_line("IMG", self.label, name))
        (node,) = self.env.Command(f"{self.folder}/{name}", [elf], action)
        self.env.Depends(node, self.env.Value(self.toolchain.identity))
        return node


def _finished_map(text: bytes, elf: Path) -> bytes:
    """A linker's map that names the program as it is called now, not by its temporary name."""
    name = os.fsencode(elf)
    return re.sub(re.escape(name) + rb"\.[0-9a-f]+\.partial", lambda _match: name, text)
