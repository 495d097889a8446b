"""``env.MgeFirmware``: a program that holds models, linked for a board or for Linux, as nodes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any

from SCons.Errors import UserError
from SCons.Util import NodeList

from mgecc.scons import shared_arena
from mgecc.scons.decider import own_environment
from mgecc.scons.flags import CXX, compile_flags, include_flags, libraries, link_flags
from mgecc.scons.images import CvNodes
from mgecc.scons.linking import Linking
from mgecc.scons.mistakes import unknown_option
from mgecc.scons.model import ModelNodes
from mgecc.scons.objects import Tools
from mgecc.scons.products import FirmwareProducts, LibraryProducts, ProductNodes
from mgecc.targets import (
    Target,
    TargetError,
    Toolchain,
    ToolchainMissing,
    load_target,
    load_toolchain,
    nearest,
)
from mgecc.toolrun.depfile import local
from mgecc.toolrun.sources import cxx_sources, runner_includes, runner_sources

_OPTIONS = {
    "board": "",
    "linker_script": "",
    "optimize": "",
    "build_dir": "",
    "port": True,
} | shared_arena.OPTIONS


class FirmwareNodes(ProductNodes):
    """All products of a firmware as a list of nodes, and each by its role: attributes as ``FirmwareProducts`` says."""

    products: FirmwareProducts


@dataclass(frozen=True)
class _Request:
    """A call of MgeFirmware, with everything the user left open filled in."""

    env: Any
    name: str
    models: Sequence[Any]
    target: Target
    options: dict[str, Any]

    @property
    def products(self) -> list[LibraryProducts]:
        return [model.products for model in self.models]

    @property
    def first(self) -> LibraryProducts:
        return self.products[0]

    @cached_property
    def folder(self) -> str:
        return f"{self.first.folder.rsplit('/', 1)[0]}/{self.name}"

    @cached_property
    def board(self) -> dict[str, Any] | None:
        if self.target.system != "none":
            return None
        return find_board(self.target, self.options["board"])

    @cached_property
    def toolchain(self) -> Toolchain:
        return load_toolchain(self.first.toolchain, self.target)

    @cached_property
    def optimize(self) -> str:
        return self.options["optimize"] or self.first.optimize

    def tools(self, source: Any, obj: str) -> Tools:
        """What compiles a source to an object."""
        plain = self.toolchain.for_cxx() if Path(str(source)).suffix in CXX else self.toolchain
        flags = [*compile_flags(self.env, source, self.env.File(obj)), *self.named_folders[1]]
        tools = replace(plain, extra=tuple(flags))
        return Tools(self.env, tools, self.optimize, self.first.label, self.named_folders[0])

    @cached_property
    def named_folders(self) -> tuple[list[str], list[str]]:
        """Folders of CPPPATH whose option is another one than -I, and the words that name them."""
        folders = _folders(self.env, self.env.get("CPPPATH") or [])
        words = include_flags(self.env, [folder.removeprefix("#") for folder in folders])
        return (folders if words else []), words

    @cached_property
    def linking(self) -> Linking:
        nodes, names = libraries(self.env)
        program = self.env.File(f"{self.folder}/{self.name}.elf")
        flags = link_flags(self.env, program, through_compiler=not self.toolchain.ld)
        more = (*(self.env.File(node).get_internal_path() for node in nodes), *names)
        return Linking(self.env, self.toolchain, self.first.label, self.name, self.folder, tuple(flags), more)


def mge_firmware(env: Any, name: str, sources: Any, models: Any, **options: Any) -> FirmwareNodes:
    """Build a program from C sources and the libraries of models; returns its nodes as ``FirmwareNodes``.

    ``sources``: C, C++ and assembly, compiled with the toolchain of the models and their headers; also objects and
    libraries. CPPPATH, CPPDEFINES, CPPFLAGS, CCFLAGS, CFLAGS, CXXFLAGS, ASFLAGS, ASPPFLAGS, LINKFLAGS, LIBPATH and LIBS
    of the environment mean what they mean for Program, behind its shell; only a CPPDEFINES value that is a string in
    double quotes and nothing else keeps these. They overrule the toolchain's flags. C++ is without exceptions, RTTI,
    heap and library; constructors of static objects run before ``mg_main``. ``models``: what
    MgeModel, MgePipeline and MgeCv returned, all for one target. ``options``: ``board`` (its machine or name in the
    target's file; default: the first), ``linker_script`` (default: made from the board's memory), ``optimize``,
    ``port`` (default True: start-up code, console and memcpy are mgecc's and the program begins at
    ``int mg_main(int argc, char **argv)`` of "port.h"; with False the sources bring all), ``shared_arena`` (names of
    models that run one after the other, or True for all: NAME_arena.h declares NAME_arena of NAME_ARENA_SIZE bytes, as
    many as the largest needs; the program has these bytes), ``arena_section`` (of these bytes, such as ".bss.dtcm").
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


def _build(request: _Request, sources: Any) -> FirmwareNodes:
    env, name = request.env, request.name
    arena = _arena(request)
    includes = [*_includes(request), *_folders(env, [node.dir for node in arena])]
    given = list(dict.fromkeys(env.File(source) for source in env.Flatten([sources])))
    threads = any(model.threads for model in request.products)
    port = runner_sources(request.target, threads) if request.options["port"] else []
    if any(Path(str(source)).suffix in CXX for source in given) and port:
        port += cxx_sources()
    names = object_names([_place(source) for source in given])
    objects = [_object(request, source, name, includes) for source, name in zip(given, names)]
    objects += _own_objects(request, port, arena[1:], includes)
    libs = [node for model in request.products for node in model.lib]
    linking = request.linking
    signature = " ".join(linking.toolchain.flags_for(request.optimize))
    elf, map_file = linking.program([*objects, *libs], _script(request), signature)
    images = {kind: linking.image(elf, kind) for kind in _image_kinds(request.board)}
    products = FirmwareProducts(
        name,
        request.first.target,
        request.first.cpu,
        request.first.label,
        request.first.toolchain,
        request.optimize,
        request.folder,
        elf=elf,
        map=map_file,
        hex=NodeList([images["hex"]] if "hex" in images else []),
        bin=NodeList([images["bin"]] if "bin" in images else []),
        board=request.board,
        models=request.models,
        made_of=NodeList(given),
        asked=_asked(request),
        flags=partial(_flags, request, dict(zip(names, given))),
    )
    return FirmwareNodes([elf, map_file, *images.values()], products)


def _own_objects(request: _Request, port: list[Path], arena: list[Any], includes: list[str]) -> list[Any]:
    """Objects of what is not the user's: the port, and the arena that models share."""
    sources = {f"port/{path.stem}": request.env.File(str(path)) for path in port}
    sources |= {f"generated/{request.name}_arena": node for node in arena}
    return [_object(request, source, name, includes) for name, source in sources.items()]


def _arena(request: _Request) -> list[Any]:
    """The files of the arena that models share, if some do."""
    known = [name for model in request.products for name in getattr(model, "headers", {})]
    options = request.options["shared_arena"], request.options["arena_section"]
    chosen = shared_arena.chosen_models(*options, known)
    if not chosen:
        return []
    place = (request.first.label, request.folder)
    return shared_arena.arena_files(request.env, request.name, *place, chosen, options[1])


def _asked(request: _Request) -> dict[str, Any]:
    """The options of the call, as text."""
    options = {key: value for key, value in request.options.items() if key not in ("build_dir", "optimize")}
    board = request.board and (request.board.get("name") or request.board.get("machine", ""))
    shared = options.pop("shared_arena")
    options |= {"shared_arena": shared if isinstance(shared, bool) else list(shared)} if shared else {}
    options = {key: value for key, value in options.items() if key != "arena_section" or value}
    return options | {"board": board or "", "linker_script": os.path.basename(str(options["linker_script"]))}


def _flags(request: _Request, sources: Mapping[str, Any]) -> dict[str, list[str]]:
    """The flags of each source, by its place in the tree, and of the linker. ``sources``: by the names of objects."""
    linking = request.linking
    return {"link": [*linking.flags, *linking.libraries]} | {
        _from_top(source): request.tools(source, f"{request.folder}/obj/{name}.o").flags
        for name, source in sources.items()
        if Path(str(source)).suffix not in (".o", ".a")
    }


def _from_top(source: Any) -> str:
    """A source by its place below the top folder, which holds in every SConscript; others by their names."""
    path: str = source.srcnode().get_internal_path()
    return os.path.basename(path) if os.path.isabs(path) else path.replace(os.sep, "/")


def _image_kinds(board: dict[str, Any] | None) -> tuple[str, ...]:
    if board is None:
        return ()
    # A plain image begins at the lowest address; between vectors or external flash and flash lie gigabytes.
    return ("hex",) if {"vectors", "in_place"} & set(board) else ("bin", "hex")


def _includes(request: _Request) -> list[str]:
    """Folders of headers that no flag names."""
    models = [folder for model in request.products for folder in model.include]
    port = [os.fspath(folder) for folder in runner_includes(request.target)]
    given = [] if request.named_folders[1] else [request.env.get("CPPPATH") or []]
    return _folders(request.env, [*given, *models, *port])


def _folders(env: Any, given: Any) -> list[str]:
    """Folders as text that means the same in every SConscript."""
    paths = [env.Dir(folder).get_internal_path() for folder in env.Flatten([given])]
    return [path if path.startswith("/") else f"#{path}" for path in dict.fromkeys(paths)]


def _place(source: Any) -> str:
    """Where a source lies in the tree, whatever the variant folder."""
    return local(source.srcnode().get_abspath()).replace(os.sep, "/")


def object_names(paths: Sequence[str]) -> list[str]:
    """A name for the object of each source: its stem, with its suffix or folders where several have the same."""
    names: dict[str, str] = {}
    for form in _forms(max((path.count("/") for path in paths), default=0)):
        rest = [path for path in paths if path not in names]
        proposed = [form(path) for path in rest]
        taken = set(names.values())
        fitting = [proposed.count(name) == 1 and name not in taken for name in proposed]
        names |= {path: name for path, name, fits in zip(rest, proposed, fitting) if fits}
    return [names[path] for path in paths]


def _forms(depth: int) -> Iterator[Callable[[str], str]]:
    """Ways to name an object, from short to unique."""
    for count in range(1, depth + 2):
        yield partial(_joined, count, False)
        yield partial(_joined, count, True)
    yield lambda path: f"{PurePosixPath(path).name}-{hashlib.sha256(path.encode()).hexdigest()[:12]}"


def _joined(count: int, with_suffix: bool, path: str) -> str:
    """The last ``count`` parts of a path as one name."""
    file = PurePosixPath(path)
    folders = [folder.replace("..", "up") for folder in file.parts[-count:-1] if folder != "/"]
    return "_".join([*folders, file.name if with_suffix else file.stem])


def _object(request: _Request, source: Any, name: str, includes: list[str]) -> Any:
    """The object of a source; objects and libraries are linked as they are."""
    if Path(str(source)).suffix in (".o", ".a"):
        return source
    path = f"{request.folder}/obj/{name}.o"
    return request.tools(source, path).object(path, source, includes)


def _script(request: _Request) -> Any:
    """The linker script's node; None under a system."""
    if request.options["linker_script"]:
        return request.env.File(request.options["linker_script"])
    return request.linking.board_script(request.board) if request.board else None
