"""Programs to C: all kernels behind one table, and the embedded blob."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mgecc import __version__
from mgecc.emit.blob import fingerprint, fingerprint_words
from mgecc.emit.naming import headers, in_comment, kernel_symbol, model_prefix
from mgecc.emit.templates import fill
from mgecc.kernels.base import Kernel
from mgecc.kernels.render import render_kernel
from mgecc.kernels.vocabulary import vocabulary
from mgecc.planner import Program
from mgecc.targets import Target

# Bytes of the largest blob that is written as an array of C; compilers take about a hundred times the memory for it.
ARRAY_LIMIT = 4 << 20
_ROW = 32
_NAMED = 8


@dataclass(frozen=True)
class _Section:
    """One kernel as the templates see it. ``layers``: of the calls it serves, the user's name."""

    kernel: Kernel
    symbol: str
    text: str
    layers: tuple[str, ...]

    @property
    def served(self) -> str:
        """The first layers, each once, and how many there are beyond."""
        names = [in_comment(layer) for layer in dict.fromkeys(self.layers)]
        more = [f"and {len(names) - _NAMED} more"] if len(names) > _NAMED else []
        return ", ".join([*names[:_NAMED], *more])

    @property
    def part(self) -> str:
        """The kernel below its heading."""
        return f"/* ---- {self.symbol} ---- */\n/* Layers: {self.served}. */\n{self.text}"


def _sections(programs: Sequence[Program], target: Target) -> list[_Section]:
    layers: dict[Kernel, list[str]] = {}
    for call in (call for program in programs for call in program.calls):
        for kernel in call.kernels:
            layers.setdefault(kernel, []).append(call.layer)
    symbols = {kernel: kernel_symbol(kernel, target) for kernel in layers}
    return [
        _Section(k, symbols[k], render_kernel(k, target, symbols[k]), tuple(names))
        for k, names in layers.items()
    ]


def _vocabulary(sections: Sequence[_Section], target: Target) -> str:
    names = headers((s.kernel for s in sections), target)
    return vocabulary(names, target.facts, (s.text for s in sections))


def _table(programs: Sequence[Program], target: Target) -> str:
    """Kernel tables of one model's programs, one for each set of input shapes, and its functions."""
    tables = [
        {
            "sections": _sections([program], target),
            "fingerprint": fingerprint_words(fingerprint(program, target)),
        }
        for program in programs
    ]
    first = programs[0]
    states = [{**vars(state), "text": in_comment(state.name)} for state in first.states]
    names = {"prefix": model_prefix(first.name), "sizes": bool(first.sizes), "verify_blob": first.verify_blob}
    names["bound"] = any(program.is_bound for program in programs)
    return fill("table.c.j2", tables=tables, states=states, **names)


def _models(programs: Sequence[Program]) -> list[list[Program]]:
    """Programs by the model they are of."""
    models: dict[str, list[Program]] = {}
    for program in programs:
        models.setdefault(program.name, []).append(program)
    return list(models.values())


def _head(programs: Sequence[Program], target: Target, sections: list[_Section]) -> str:
    models = _models(programs)
    return fill(
        "head.c.j2",
        models=", ".join(in_comment(model[0].name) for model in models),
        fingerprints=[f"{fingerprint(program, target):032x}" for program in programs],
        version=__version__,
        target=target,
        sections=sections,
    )


def kernels_c(program: Program, target: Target, *more: Program) -> str:
    """Text of ``<model>_kernels.c``: every kernel of the programs once, in order of use, and for each model the tables
    of its programs (one for each set of input shapes) and its own functions.

    Does not depend on the values of weights.
    """
    programs = (program, *more)
    sections = _sections(programs, target)
    parts = [_head(programs, target, sections), _vocabulary(sections, target)]
    parts += [s.part for s in sections]
    parts += [_table(model, target) for model in _models(programs)]
    return "\n".join(parts)


def blob_s(name: str) -> str:
    """Text of ``<model>_blob.S``: the file ``<name>.blob`` as hidden read-only data, found in the include folders."""
    return fill("blob.S.j2", prefix=model_prefix(name), file=f"{name}.blob")


def blob_c(name: str, blob: bytes) -> str:
    """Text of ``<model>_blob.c``: the same data as an array of C; of more than ``ARRAY_LIMIT`` bytes, an #error."""
    rows = [blob[at : at + _ROW] for at in range(0, len(blob), _ROW)] if len(blob) <= ARRAY_LIMIT else []
    texts = [",".join(map(str, row)) for row in rows]
    names = {"prefix": model_prefix(name), "file": f"{name}_blob.S"}
    return fill("blob.c.j2", rows=texts, size=len(blob), big=not texts, **names)
