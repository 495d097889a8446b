"""Compiling a C file, unless a cache has its object: compiled from the same text, headers and flags, wherever that was.

The key covers the source and every C file and header of the folders in which the compiler searches. The compiler's
depfile then tells whether it read anything else; if it did, or may have through the assembler, the object is not kept.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mgecc.targets import Toolchain
from mgecc.toolrun.cache import Cache, action_key, objects_cache
from mgecc.toolrun.cache.store import file_digest
from mgecc.toolrun.depfile import named_files, run_with_depfile
from mgecc.toolrun.process import run_tool
from mgecc.toolrun.stack_note import finisher
from mgecc.toolrun.terminal import printable

_OUTPUT = "object"
# Text by which a compiler may read, or look for, a file that its depfile does not name.
_UNTOLD = re.compile(rb"incbin|\.inc|__has_include|__has_embed|#\s*embed")


def compile_file(source: Path, obj: Path, tools: Toolchain, includes: Sequence[Path], optimize: str) -> Path:
    """Compile or assemble one file, passing on what the compiler says. Raises ToolError."""
    work = _Compilation(source, obj, tools, tuple(includes), optimize)
    cache = objects_cache() if source.suffix == ".c" else None
    if cache:
        work.fetch_or_run(cache)
    else:
        work.tell(run_tool(work.args, obj, finisher(tools.target)))
    return obj


@dataclass(frozen=True)
class _Compilation:
    """One call of the compiler; ``includes``: folders that are searched for headers."""

    source: Path
    obj: Path
    tools: Toolchain
    includes: tuple[Path, ...]
    optimize: str

    def args(self, output: str) -> list[str]:
        return self.tools.compile_args(self.source, output, self.includes, self.optimize)

    def fetch_or_run(self, cache: Cache) -> None:
        """Take the object from the cache, or compile and keep it."""
        key, outputs = self._key(), {_OUTPUT: self.obj}
        if key and cache.fetch(key, outputs):
            return
        said, told = run_with_depfile(
            self.args,
            lambda depfile: ["-MD", "-MF", depfile, "-MT", "output"],
            self.obj,
            finisher(self.tools.target),
        )
        self.tell(said)
        # What was said names this folder's files; files may have been written to meanwhile.
        if key and not said and self._covers(told) and self._key() == key:
            cache.keep(key, outputs, "")

    def tell(self, said: str) -> None:
        sys.stderr.write(printable(said))

    def _files(self) -> list[tuple[str, Path]]:
        """What the key covers, by names that are the same wherever the folders lie."""
        folders = dict.fromkeys([self.source.parent, *self.includes])
        return [
            (f"{number}/{path.name}", path)
            for number, folder in enumerate(folders)
            for path in sorted(folder.glob("*.[ch]"))
        ]

    def _key(self) -> str:
        """The key; empty if a file cannot be read."""
        flags = self.tools.flags_for(self.optimize)
        step = ["CC", self.tools.identity, *flags, "without stack note" * bool(finisher(self.tools.target))]
        try:
            inputs = [(name, file_digest(path)) for name, path in self._files()]
        except OSError:
            return ""
        return action_key(" ".join(step), [("", self.source.name), *inputs], [_OUTPUT])

    def _covers(self, told: Sequence[str]) -> bool:
        """Whether the key says all that the compiler read, by its depfile."""
        own = tuple(os.path.normpath(folder) + os.sep for folder in self.tools.own_folders)
        read = {os.path.abspath(path) for path in [*told, *named_files(self.args(""))]}
        users = {path for path in read if not path.startswith(own)}
        known = {os.path.abspath(path) for _, path in self._files()}
        return users <= known and not any(_UNTOLD.search(Path(path).read_bytes()) for path in users)
