"""The steps after the compiler: objects, static library, shared library, as SCons nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from SCons.Tool import CScanner

from mgecc.scons import compiledb
from mgecc.scons.actions import MakeArgs, reading_action, step_line, tool_action, verbose_line
from mgecc.scons.launch import Launcher
from mgecc.scons.progress import declare_step
from mgecc.scons.reads import Reads, depend_on_reads
from mgecc.targets import Toolchain
from mgecc.toolrun.depfile import Compilation, Read
from mgecc.toolrun.stack_note import finisher


@dataclass(frozen=True)
class Tools:
    """A toolchain inside a construction environment; ``label`` names the target in the lines shown.

    ``named``: folders of headers that the toolchain's flags name.
    """

    env: Any
    toolchain: Toolchain
    optimize: str
    label: str
    named: Sequence[str] = ()

    @property
    def flags(self) -> list[str]:
        """The flags that decide what is generated."""
        return self.toolchain.flags_for(self.optimize)

    def object(self, output: str, source: Any, includes: Sequence[str], depends: Sequence[Any] = ()) -> Any:
        """Compile or assemble one file."""
        folders = [folder.removeprefix("#") for folder in includes]

        def args(obj: str, inputs: list[str]) -> list[str]:
            return self.toolchain.compile_args(inputs[0], obj, folders, self.optimize)

        kind = "AS" if str(source).endswith((".S", ".s")) else "CC"
        more = {"CPPPATH": [*self.named, *includes], "source_scanner": CScanner}
        file, finish = self.env.File(output), finisher(self.toolchain.target)

        def reader(inputs: list[str], known: frozenset[str]) -> tuple[str, Read]:
            return Compilation(
                lambda obj: args(obj, inputs),
                inputs[0],
                Path(str(file)),
                self.toolchain,
                known,
                told=bool(depends),
                wrap=self._launched if kind == "CC" else list,
                finish=finish,
            ).carry_out()

        flags = " ".join(self.flags) + " without stack note" * bool(finish)
        shown = self._shown(kind, output, [source], args)
        reads = Reads(Path(self.env.File(f"{output}.reads").get_abspath()))
        action = reading_action(reader, reads, f"{kind} {flags}", shown, cached=kind == "CC")
        node = self._command(output, [source], action, depends, **more)
        depend_on_reads(self.env, node, reads)
        if kind == "CC":
            compiledb.remember(node, node.sources[0], args)
        return node

    def _launched(self, args: Sequence[str]) -> list[str]:
        launcher: Launcher = self.env["MGE_LAUNCHER"]
        return launcher.wrap(args, self.toolchain)

    def static_library(self, output: str, objects: Sequence[Any]) -> Any:
        return self._step("AR", "rcsD", output, objects, self.toolchain.archive_args)

    def shared_library(self, output: str, objects: Sequence[Any]) -> Any:
        soname = output.rsplit("/", 1)[-1]

        def args(library: str, inputs: list[str]) -> list[str]:
            return self.toolchain.link_shared_args(library, inputs, soname)

        return self._step("LD", f"shared {soname}", output, objects, args)

    def program(self, output: str, objects: Sequence[Any], script: str | None = None) -> Any:
        def args(program: str, inputs: list[str]) -> list[str]:
            return self.toolchain.link_program_args(program, inputs, script)

        return self._step("LD", "program", output, objects, args, depends=[script] if script else [])

    def _step(
        self, kind: str, signature: str, output: str, sources: Sequence[Any], args: MakeArgs, **more: Any
    ) -> Any:
        file, shown = self.env.File(output), self._shown(kind, output, sources, args)
        action = tool_action(args, file, f"{kind} {signature}", shown)
        return self._command(output, sources, action, **more)

    def _shown(self, kind: str, output: str, sources: Sequence[Any], args: MakeArgs) -> str:
        if self.env["MGE_VERBOSE"]:
            files = [self.env.File(source) for source in self.env.Flatten(sources)]
            return verbose_line(args, self.env.File(output), files)
        return step_line(kind, self.label, output.rsplit("/", 1)[-1])

    def _command(
        self, output: str, sources: Sequence[Any], action: Any, depends: Sequence[Any] = (), **more: Any
    ) -> Any:
        files = [self.env.File(source) for source in self.env.Flatten(sources)]
        (node,) = self.env.Command(output, files, action, **more)
        self.env.Precious(node)
        declare_step(node)
        self.env.Depends(node, [self.env.Value(self.toolchain.identity), *depends])
        return node
