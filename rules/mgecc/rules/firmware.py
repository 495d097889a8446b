"""``env.MgeFirmware``: a program that holds models, linked for a board or for Linux, as nodes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from SCons.Defaults import processDefines
from SCons.Errors import UserError
from SCons.Util import CLVar, NodeList

from mgecc.rules.decider import own_environment
from mgecc.rules.images import CvNodes
from mgecc.rules.linking import Linking
from mgecc.rules.mistakes import unknown_option
from mgecc.rules.model import ModelNodes
from mgecc.rules.objects import Tools
from mgecc.targets import (
    Target,
    TargetError,
    ToolchainMissing,
    load_target,
    load_toolchain,
    nearest,
)
from mgecc.toolrun.sources import runner_includes, runner_sources

_OPTIONS = {"board": "", "linker_script": "", "optimize": "", "build_dir": "", "port": True}


class FirmwareNodes(NodeList):
    """All products of a firmware as a list of nodes, and each by its role.

    ``elf``: the linked program. ``map``: the linker's map. ``hex``, ``bin``: what is written to flash; empty where a
    system loads programs, and ``bin`` also for boards whose vectors lie apart. ``board``: the entry of the target's
    ``boards``, None under a system. ``made_of``: the sources. ``models``, ``target``, ``cpu``, ``label``, ``name``,
    ``toolchain``, ``folder``: what it was made of and where it lies.
    """


@dataclass(frozen=True)
class _Request:
    """A call of MgeFirmware, with everything the user left open filled in."""

    env: Any
    name: str
    models: Sequence[Any]
    target: Target
    options: dict[str, Any]

    @cached_property
    def folder(self) -> str:
        return f"{self.models[0].folder.rsplit('/', 1)[0]}/{self.name}"

    @cached_property
    def board(self) -> dict[str, Any] | None:
        if self.target.system != "none":
            return None
        return find_board(self.target, self.options["board"])

    @cached_property
    def tools(self) -> Tools:
        model = self.models[0]
        plain = load_toolchain(model.toolchain, self.target)
        chosen = replace(plain, flags=(*plain.flags, *_user_flags(self.env)))
        return Tools(self.env, chosen, self.options["optimize"] or model.optimize, model.label)

    @cached_property
    def linking(self) -> Linking:
        return Linking(self.env, self.tools.toolchain, self.tools.label, self.name, self.folder)


def mge_firmware(env: Any, name: str, sources: Any, models: Any, **options: Any) -> FirmwareNodes:
    """Build a program from C sources and the libraries of models; returns its nodes as ``FirmwareNodes``.

    ``sources``: C files, which are compiled with the toolchain of the models, with CPPPATH, CPPDEFINES and CCFLAGS of
    the environment and the headers of the models; also objects and libraries. ``models``: what
    MgeModel, MgePipeline and MgeCv returned, all for one target. ``options``: ``board`` (its machine or name in the
    target's file; default: the first), ``linker_script`` (default: made from the board's memory), ``optimize``,
    ``port`` (default True: start-up code, console and memcpy are mgecc's and the program begins at
    ``int mg_main(int argc, char **argv)`` of "port.h"; with False the sources bring all).
    Construction variables can be given for this program alone, as with other builders.
    """
    variables = {key: value for key, value in options.items() if key.isupper()}
    options = {key: value for key, value in options.items() if key not in variables}
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown:
        raise unknown_option("MgeFirmware", unknown[0], _OPTIONS)
    chosen = _one_target(models)
    if name in [model.name for model in chosen]:
        raise UserError(f"MgeFirmware: {name} is the name of one of its models; give it another one")
    try:
        target = load_target(chosen[0].target, chosen[0].cpu)
        return _build(
            _Request(own_environment(env, **variables), name, chosen, target, _OPTIONS | options), sources
        )
    except (TargetError, ToolchainMissing) as error:
        raise UserError(str(error)) from None


def _one_target(models: Any) -> list[Any]:
    kinds = (ModelNodes, CvNodes)
    chosen = [models] if isinstance(models, kinds) else list(models)
    if not chosen or not all(isinstance(model, kinds) for model in chosen):
        raise UserError(
            "MgeFirmware needs models: what MgeModel, MgePipeline or MgeCv returned, one or a list"
        )
    if len({(model.target, model.cpu, model.toolchain) for model in chosen}) > 1:
        raise UserError("MgeFirmware: the models are for different targets or of different toolchains")
    if len(chosen[0].lib) != 1:
        raise UserError(
            f"MgeFirmware: {chosen[0].label} combines several machines; a program is for one of them"
        )
    return chosen


def find_board(target: Target, name: str) -> dict[str, Any]:
    """The board of a target by its machine or name; the first if none is named. Raises TargetError."""
    boards = {board.get("name") or board.get("machine", ""): board for board in reversed(target.boards)}
    boards |= {board["machine"]: board for board in reversed(target.boards) if "machine" in board}
    if not target.boards:
        raise TargetError(f"target {target.name} has no board; describe one in a file of your own")
    if name and name not in boards:
        raise nearest(name, sorted(boards), f"board of {target.name}")
    return boards[name] if name else target.boards[0]


def _user_flags(env: Any) -> list[str]:
    defines = [f"-D{word}" for word in processDefines(env.get("CPPDEFINES") or [])]
    return [*(env.subst(str(word)) for word in CLVar(env.get("CCFLAGS") or [])), *defines]


def _build(request: _Request, sources: Any) -> FirmwareNodes:
    env, name = request.env, request.name
    includes = _includes(request)
    given = [env.File(source) for source in env.Flatten([sources])]
    threads = any(getattr(model, "threads", False) for model in request.models)
    port = runner_sources(request.target, threads) if request.options["port"] else []
    objects = [_object(request, source, _stem(source, given), includes) for source in given]
    objects += [_object(request, env.File(str(path)), f"port/{path.stem}", includes) for path in port]
    libraries = [node for model in request.models for node in model.lib]
    linking = request.linking
    signature = " ".join(linking.toolchain.flags_for(request.tools.optimize))
    elf, map_file = linking.program([*objects, *libraries], _script(request), signature)
    images = {kind: linking.image(elf, kind) for kind in _image_kinds(request.board)}
    nodes = FirmwareNodes([elf, map_file, *images.values()])
    nodes.elf, nodes.map = elf, map_file
    nodes.hex, nodes.bin = (NodeList([images[k]] if k in images else []) for k in ("hex", "bin"))
    nodes.board, nodes.models, nodes.name, nodes.folder = request.board, request.models, name, request.folder
    nodes.made_of = NodeList(given)
    for key in ("target", "cpu", "label", "toolchain"):
        setattr(nodes, key, getattr(request.models[0], key))
    return nodes


def _image_kinds(board: dict[str, Any] | None) -> tuple[str, ...]:
    if board is None:
        return ()
    # A plain image begins at the lowest address; between vectors and flash of their own lie gigabytes.
    return ("hex",) if "vectors" in board else ("bin", "hex")


def _includes(request: _Request) -> list[str]:
    """Folders of headers, as text that means the same in every SConscript."""
    env = request.env
    own = [env.Dir(folder) for folder in env.Flatten(env.get("CPPPATH") or [])]
    models = [folder for model in request.models for folder in model.include]
    port = [env.Dir(os.fspath(folder)) for folder in runner_includes(request.target)]
    paths = [folder.get_internal_path() for folder in [*own, *models, *port]]
    return [path if path.startswith("/") else f"#{path}" for path in dict.fromkeys(paths)]


def _stem(source: Any, sources: list[Any]) -> str:
    """Name of a source's object: the file's own, with that of its folder before it where files have equal names."""
    path = Path(str(source))
    alone = [Path(str(other)).stem for other in sources].count(path.stem) == 1
    return path.stem if alone else f"{path.parent.name}_{path.stem}"


def _object(request: _Request, source: Any, stem: str, includes: list[str]) -> Any:
    """The object of a source; objects and libraries are linked as they are."""
    if Path(str(source)).suffix in (".o", ".a"):
        return source
    return request.tools.object(f"{request.folder}/obj/{stem}.o", source, includes)


def _script(request: _Request) -> Any:
    """The linker script's node; None under a system."""
    if request.options["linker_script"]:
        return request.env.File(request.options["linker_script"])
    return request.linking.board_script(request.board) if request.board else None
