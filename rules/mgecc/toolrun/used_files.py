"""Which templates, headers and target files a compilation used, by their paths inside the package."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import cycle
from pathlib import Path

from jinja2 import meta

from mgecc.config import LibraryConfig, ModelConfig
from mgecc.cv import cv_templates
from mgecc.emit.header import OCCASIONAL, header_templates
from mgecc.emit.naming import headers
from mgecc.kernels.render import header_file, included, parse
from mgecc.names import singles
from mgecc.planner import Program
from mgecc.targets import Isa, Target, description_files, isa_names

_PACKAGE = Path(__file__).resolve().parents[1]
_KERNELS = _PACKAGE / "kernels"


def used_files(config: ModelConfig | LibraryConfig, programs: Sequence[Program], target: Target) -> list[str]:
    """Sorted paths of everything that can differ from model to model or from target to target."""
    sets = singles(target)
    names = {f"targets/{name}" for single in [target, *sets] for name in description_files(single)}
    names |= {f"cv/{name}" for name in cv_templates(config.cv)}
    names |= {f"emit/{name}" for name in _emitted(programs)} if config.models else set()
    for single in sets:
        names |= {f"targets/isa/{single.isa}.yaml"} if single.isa in isa_names() else set()
        names |= _with_headers(single.isa, single.facts)
    for program, single in zip(programs, cycle(sets)):
        for kernel in program.kernels:
            names |= {f"kernels/{name}" for name in _with_included(kernel.template)}
        for header in headers(program.kernels, single):
            names |= _with_headers(header, single.facts)
    return sorted(names)


def _emitted(programs: Sequence[Program]) -> set[str]:
    """Templates of what is written beside the kernels."""
    every = {path.name for path in (_PACKAGE / "emit").glob("*.j2")}
    return every - OCCASIONAL | header_templates(programs)


@cache
def _with_included(template: str) -> frozenset[str]:
    """A template and all that it includes, imports or extends."""
    found, rest = set(), [template]
    while rest:
        name = rest.pop()
        if name not in found:
            found.add(name)
            rest += _referenced(name)
    return frozenset(found)


@cache
def _referenced(template: str) -> tuple[str, ...]:
    names = [*meta.find_referenced_templates(parse(template))]
    if None in names or template.startswith("custom/"):
        # A computed name could be any template, and so could those that a template of the user's includes.
        return tuple(path.relative_to(_KERNELS).as_posix() for path in sorted(_KERNELS.rglob("*.j2")))
    return tuple(name for name in names if name)


@cache
def _with_headers(name: str, isa: Isa) -> frozenset[str]:
    """A header of ``simd/`` and all of that folder that it includes."""
    path = header_file(name, isa)
    inner = filter(None, map(included, path.read_text(encoding="utf-8").splitlines()))
    own = {path.relative_to(_PACKAGE).as_posix()} if path.is_relative_to(_PACKAGE) else set()
    return frozenset(own.union(*(_with_headers(each, isa) for each in inner)))
