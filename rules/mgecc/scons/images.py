"""``env.MgeCv``: image functions as a library of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from SCons.Errors import UserError
from SCons.Util import NodeList

from mgecc.names import cv_file, function_output_names, members
from mgecc.request import CompileRequest
from mgecc.scons.mistakes import shown_by_scons
from mgecc.scons.model import Request, asked_for, check_options, compile_step, fill_in, tools_for
from mgecc.scons.product_listing import Contents
from mgecc.scons.products import CvProducts, ProductNodes
from mgecc.toolrun.sources import include_folder


class CvNodes(ProductNodes):
    """All products of MgeCv as a list of nodes, and each by its role: attributes as ``CvProducts`` says."""

    products: CvProducts


@dataclass(frozen=True)
class _Request(Request):
    """A call of MgeCv: no configuration, but ``functions`` with their element types."""

    functions: dict[str, list[str]] = field(default_factory=dict)

    @property
    def configs(self) -> tuple[Any, ...]:
        return ()

    @property
    def asked(self) -> CompileRequest:
        return self.ask(functions=self.functions)

    @cached_property
    def contents(self) -> Contents:
        return Contents(function_output_names(self.name, self.target.spec, self.target.cpu), [], [], [])

    @cached_property
    def goal(self) -> str:
        return self.optimize or "speed"

    @property
    def signature(self) -> str:
        return f"{super().signature} {self.functions}"


def mge_cv(env: Any, name: str, functions: Any, target: str = "", **options: str) -> CvNodes:
    """Build image functions, without a model, as ``libNAME_cv.a``; returns its nodes as ``CvNodes``.

    ``functions``: names with element types, as under ``cv:`` in model.yaml: ``{"resize_linear": ["ui8", "f32"]}``.
    ``target`` and ``options``: as for MgeModel. The header is ``NAME_cv.h``. The result can be one of the ``models`` of
    MgeFirmware.
    """
    check_options("MgeCv", options)
    make = partial(_Request, config=None, functions=_element_types(name, functions))
    with shown_by_scons():
        request = fill_in(make, env, name, {"target": target, **options})
        return _build(replace(request, folder=f"{request.folder}_cv"))


def _element_types(name: str, functions: Any) -> dict[str, list[str]]:
    """The functions in one order, however they were written down."""
    if not isinstance(functions, Mapping) or not functions:
        raise UserError(f'MgeCv {name}: functions are written like {{"resize_linear": ["ui8"]}}')
    lists = {key: [value] if isinstance(value, str) else list(value) for key, value in functions.items()}
    return {str(key): sorted(set(map(str, lists[key]))) for key in sorted(lists)}


def _build(request: _Request) -> CvNodes:
    files = compile_step(request)
    lib, objects = [], {}
    for member in members(request.target):
        tools, inner = tools_for(request, member), f"{member}/" if request.target.members else ""
        source = files[cv_file(request.name, request.target, member)]
        includes = [request.folder, str(include_folder())]
        node = tools.object(f"{request.folder}/obj/{inner}{request.name}_cv.o", source, includes)
        objects[member] = [node]
        lib.append(tools.static_library(f"{request.folder}/{inner}lib{request.name}_cv.a", [node]))
    products = CvProducts(
        **asked_for(request),
        lib=NodeList(lib),
        header=files[f"{request.name}_cv.h"],
        objects=objects,
        threads=False,
        functions=request.functions,
    )
    return CvNodes([*lib, *files.values()], products)
