"""The steps after the compiler: objects, static library, shared library, as SCons nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from SCons.Tool import CScanner

from mgecc.rules import compiledb
from mgecc.rules.actions import MakeArgs, step_line, tool_action, verbose_line
from mgecc.rules.progress import declare_step
from mgecc.targets import Toolchain
from mgecc.toolrun.stack_note import finisher


@dataclass(frozen=True)
class Tools:
    """A toolchain inside a construction environment; ``label`` names the target in the lines shown."""

    env: Any
    toolchain: Toolchain
    optimize: str
    label: str

    def object(self, output: str, source: Any, includes: Sequence[str], depends: Sequence[Any] = ()) -> Any:
        """Compile or assemble one file."""
        folders = [folder.removeprefix("#") for folder in includes]

        def args(obj: str, inputs: list[str]) -> list[str]:
            return self.toolchain.compile_args(inputs[0], obj, folders, self.optimize)

        def launched(obj: str, inputs: list[str]) -> list[str]:
            return self.env["MGE_LAUNCHER"].wrap(args(obj, inputs), self.toolchain)

        flags = " ".join(self.toolchain.flags_for(self.optimize))
        more = {"CPPPATH": list(includes), "depends": depends}
        if str(source).endswith(".S"):
            return self._step("AS", flags, output, [source], args, **more)
        node = self._step("CC", flags, output, [source], launched, **more)
        compiledb.remember(node, node.sources[0], args)
        return node

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
        depends = more.pop("depends", ())
        sources = [self.env.File(source) for source in self.env.Flatten(sources)]
        shown = step_line(kind, self.label, output.rsplit("/", 1)[-1])
        if self.env["MGE_VERBOSE"]:
            shown = verbose_line(args, self.env.File(output), sources)
        finish = finisher(self.toolchain.target) if kind in ("CC", "AS") else None
        signature = f"{kind} {signature}{' without stack note' if finish else ''}"
        action = tool_action(args, self.env.File(output), signature, shown, kind == "CC", finish)
        scanner = {"source_scanner": CScanner} if kind in ("CC", "AS") else {}
        (node,) = self.env.Command(output, sources, action, **scanner, **more)
        self.env.Precious(node)
        declare_step(node)
        self.env.Depends(node, [self.env.Value(self.toolchain.identity), *depends])
        return node
