"""Kernels to C text, through Jinja templates that read like C."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import jinja2

from mgecc.kernels.arguments import members
from mgecc.kernels.base import Kernel
from mgecc.kernels.neutral import without_neutral
from mgecc.targets import Isa, Target, TargetError

_FOLDER = Path(__file__).parent


# The vocabulary in float lanes -> in half lanes. Arguments stay what they are: their structure is not template text.
_HALF = {"float": "mg_f16", "mg_x": "mg_hx", "mg_vf": "mg_hf", "mg_vm": "mg_hm", "MG_VF": "MG_HF"}
_WORDS = re.compile(r"\b(float\b|MG_VF\b|mg_(?:vf|vm|x)(?=[_\d]|\b))")


def in_half_lanes(text: str) -> str:
    """C text in the vocabulary of float lanes, or a template of it, in that of half lanes."""
    return _WORDS.sub(lambda found: _HALF[found[0]], text)


class _HalfLoader(jinja2.FileSystemLoader):
    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        text, name, fresh = super().get_source(environment, template)
        return in_half_lanes(text), name, fresh


@cache
def templates(folder: Path, half: bool = False) -> jinja2.Environment:
    """The templates of a folder, also in half lanes; a name that is not given is an error."""
    return jinja2.Environment(
        loader=(_HalfLoader if half else jinja2.FileSystemLoader)(folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.do"],
    )


@dataclass(frozen=True)
class _Head:
    """What templates see as ``k``."""

    kernel: Kernel
    symbol: str

    def arguments(self) -> str:
        """The argument structure alone, for templates whose helper functions come before `begin(False)`."""
        return f"struct {self.symbol}_args {{\n{members(self.kernel.fields)}}};"

    def begin(self, arguments: bool = True) -> str:
        """The argument structure, the function's prototype and head, its typed pointers and the checks of its tables;
        the template closes the brace."""
        kernel = self.kernel
        lines = [self.arguments()] if kernel.fields and arguments else []
        head = f"void {self.symbol}(void *const *t, const int32_t *args)"
        lines += [f"{head};", f"MG_KERNEL {head}", "{"]
        for i, (name, ctype) in enumerate(kernel.operands):
            lines.append(f"    {ctype}{name} = t[{i}];")
        if kernel.fields:
            lines.append(f"    const struct {self.symbol}_args *a = (const void *)args;")
        else:
            lines.append("    (void)args;")
        for at, count, bound in kernel.tables:
            lines += [f"    if (!mg_all_below({at}, {count}, (uint32_t)({bound})))", "        return;"]
        return "\n".join(lines)


def parse(template: str) -> jinja2.nodes.Template:
    """The syntax tree of a template, for those who look for what it includes."""
    environment = templates(_FOLDER)
    assert environment.loader
    return environment.parse(environment.loader.get_source(environment, template)[0])


# Digests, tables and files want the text of a kernel, and models that are compiled together have many in common.
@lru_cache(maxsize=2048)
def render_kernel(kernel: Kernel, target: Target, symbol: str = "") -> str:
    """The kernel's C text; templates see ``k``, ``target`` and the structural parameters by name, and as ``simd`` what
    the instruction set's record says of the vectors they are rendered for.

    ``symbol``: name of the C function, the kernel's own if empty.
    """
    template = templates(_FOLDER, kernel.half).get_template(kernel.template)
    names = {"target": target, "simd": target.facts.simd(kernel.half), **dict(kernel.params)}
    text = template.render(k=_Head(kernel, symbol or kernel.symbol), **names)
    return without_neutral(text.strip("\n")) + "\n"


def header_file(name: str, isa: Isa) -> Path:
    """The header that ``name`` stands for: NAME_ISA.h of the ``simd`` folder where there is one, else NAME.h.

    Raises TargetError where there is neither.
    """
    found = next((path for path in _places(name, isa) if path.is_file()), None)
    if found is None:
        raise TargetError(_no_header(name, isa))
    return found


def _places(name: str, isa: Isa) -> list[Path]:
    """Where a header may be; that of an instruction set of the user's own has its name."""
    own, simd = Path(isa.folder) if isa.folder else None, _FOLDER / "simd"
    theirs = (
        [own / f"{name}_{isa.name}.h", *([own / f"{name}.h"] if name.startswith(isa.name) else [])]
        if own
        else []
    )
    return [*theirs, simd / f"{name}_{isa.name}.h", simd / f"{name}.h"]


def _no_header(name: str, isa: Isa) -> str:
    folder = isa.folder or "kernels/simd"
    if name == isa.name:
        return (
            f"the instruction set {name} has no header: write {folder}/{name}.h, with the vocabulary of scalar.h "
            "(docs/new-isa.md)"
        )
    return (
        f"the record of the instruction set {isa.name} promises what {folder}/{name}_{isa.name}.h must define: "
        "write it, or leave the promise out (docs/new-isa.md)"
    )


def header_text(name: str, isa: Isa) -> str:
    """Text of a header, see ``header_file``, with the headers of that folder it includes put in their place."""
    lines = header_file(name, isa).read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(header_text(included(line), isa) if included(line) else line for line in lines)


def included(line: str) -> str:
    """The name of the header of the ``simd`` folder that a line includes; "" for other lines."""
    word, _, file = line.strip().partition(" ")
    return file.strip('"').removesuffix(".h") if word == "#include" and file.startswith('"') else ""
