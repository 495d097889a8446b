"""``env.MgePipeline``: several models in one library that share their kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from SCons.Errors import UserError
from SCons.Util import flatten

from mgecc.request import CompileRequest
from mgecc.scons.mistakes import shown_by_scons
from mgecc.scons.model import (
    ModelNodes,
    Request,
    build_library,
    check_options,
    fill_in,
    peek,
    word,
)
from mgecc.scons.product_listing import Contents, contents, contents_of_several


class PipelineNodes(ModelNodes):
    """All products of a pipeline as a list of nodes, and each by its role: attributes as ``ModelProducts`` says.

    ``report``: one file with a report of each model.
    """


@dataclass(frozen=True)
class _Request(Request):
    """A call of MgePipeline; ``config`` is the first of ``several``."""

    several: tuple[Any, ...] = ()

    @property
    def configs(self) -> tuple[Any, ...]:
        return self.several

    @property
    def named_configs(self) -> dict[str, Any]:
        return dict(zip(names(self.several), self.several))

    @property
    def asked(self) -> CompileRequest:
        return self.ask(several=tuple(_path(config).as_posix() for config in self.several))

    @cached_property
    def contents(self) -> Contents:
        peeked = [peek(config) for config in self.several]
        given = [
            contents(_path(config), name, self.target, known)
            for config, name, known in zip(self.several, names(self.several), peeked)
        ]
        return contents_of_several(given, self.name, self.target, any(known.get("cv") for known in peeked))

    @cached_property
    def goal(self) -> str:
        goals = sorted({word(peek(config), "optimize") or "speed" for config in self.several})
        if len(goals) > 1 and not self.optimize:
            raise UserError(
                f"MgePipeline {self.name}: its models ask for {' and '.join(goals)}; say which: optimize={goals[0]!r}"
            )
        return self.optimize or goals[0]


def mge_pipeline(env: Any, name: str, models: Any, target: str = "", **options: str) -> PipelineNodes:
    """Build one library of several models, with one set of kernels; returns its nodes as ``PipelineNodes``.

    ``models``: model.yaml or model files, two or more as a rule. Each keeps its name, its header and its blob; kernels
    and image functions that several need are there once. ``target`` and ``options``: as for MgeModel; ``optimize``
    must be given where the models ask for different goals. The result can be one of the ``models`` of MgeFirmware and
    one of the ``parts`` of MgeRelease.
    """
    check_options("MgePipeline", options)
    several = tuple(env.File(config) for config in flatten([models]))
    _check(name, several)
    make = partial(_Request, config=several[0], several=several)
    with shown_by_scons():
        return build_library(fill_in(make, env, name, {"target": target, **options}), PipelineNodes)


def _check(name: str, several: Sequence[Any]) -> None:
    if not several:
        raise UserError(f"MgePipeline {name} has no models")
    for config in several:
        if _path(config).suffix == ".json":
            raise UserError(
                f"MgePipeline {name}: {config} can have several models itself; give it to MgeModel"
            )
    found = names(several)
    for model in found:
        if found.count(model) > 1:
            raise UserError(f"MgePipeline {name}: two models are called {model!r}; give one a 'name:'")


def names(several: Sequence[Any]) -> list[str]:
    """What the models of configurations are called, known before anything is compiled."""
    return [_name(_path(config), peek(config)) for config in several]


def _name(path: Path, peeked: dict[str, Any]) -> str:
    from mgecc.toolrun.products import name_of_file  # loads NumPy, which null builds do without

    if path.suffix in (".yaml", ".yml"):
        return word(peeked, "name") or path.parent.name
    return name_of_file(path)


def _path(config: Any) -> Path:
    return Path(config.srcnode().get_abspath())
