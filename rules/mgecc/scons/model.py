"""``env.MgeModel``: one model for one target, as nodes that other builders can use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from SCons.Errors import UserError
from SCons.Util import NodeList

from mgecc.names import cv_file, kernel_file, members
from mgecc.request import CompileRequest
from mgecc.scons.actions import compile_action, copy_action, step_line
from mgecc.scons.amounts import bytes_of, threads_of
from mgecc.scons.decider import own_environment
from mgecc.scons.flash import flash_step
from mgecc.scons.identity import uses_node
from mgecc.scons.keywords import config_file, config_keys
from mgecc.scons.mistakes import shown_by_scons, unknown_option
from mgecc.scons.objects import Tools
from mgecc.scons.product_listing import Contents, contents, functions_without_models, in_folder
from mgecc.scons.products import ModelProducts, ProductNodes
from mgecc.scons.progress import declare_step
from mgecc.scons.stack import stack_nodes
from mgecc.targets import (
    Target,
    Toolchain,
    load_target,
    load_toolchain,
    split_path,
)
from mgecc.toolrun.sources import include_folder, public_headers, runtime_folder, runtime_sources

if TYPE_CHECKING:
    from mgecc.config import LibraryConfig, ModelConfig

OPTIONS = dict.fromkeys(("cpu", "toolchain", "optimize", "threads", "flash", "ram", "build_dir"), "")
_YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ModelNodes(ProductNodes):
    """All products of a model as a list of nodes, and each by its role: attributes as ``ModelProducts`` says."""

    products: ModelProducts


@dataclass(frozen=True)
class Request:
    """A call of MgeModel, with everything the user left open filled in.

    ``config``: model.yaml or model file. Rules that begin with something else give other ``configs``, ``asked`` and
    ``contents``.
    """

    env: Any
    name: str
    config: Any
    target: Target
    toolchain: str
    optimize: str
    threads: int | None
    flash: int | None
    ram: int | None
    folder: str

    @cached_property
    def label(self) -> str:
        return self.target.name + (f"-{self.target.cpu}" if self.target.cpu else "")

    @property
    def configs(self) -> tuple[Any, ...]:
        return (self.config,)

    @property
    def named_configs(self) -> dict[str, Any]:
        """Of several configurations, each by the name of its model."""
        return {}

    @property
    def asked(self) -> CompileRequest:
        """What the compiler is given, but for the files that it may open."""
        return self.ask(config=self.config.srcnode().get_abspath())

    def ask(self, **what: Any) -> CompileRequest:
        """A request for products of ``what``."""
        return CompileRequest(
            self.name,
            self.target.spec,
            self.target.cpu,
            self.env.Dir(self.folder).get_abspath(),
            optimize=self.goal,
            threads=self.threads,
            flash=self.flash,
            ram=self.ram,
            **what,
        )

    @cached_property
    def contents(self) -> Contents:
        return contents(Path(self.config.srcnode().get_abspath()), self.name, self.target, peek(self.config))

    @cached_property
    def goal(self) -> str:
        return self.optimize or word(peek(self.config), "optimize") or "speed"

    @property
    def signature(self) -> str:
        words = ["MGE", self.name, self.target.name, self.target.cpu, self.goal]
        return " ".join([*words, *(f"{name}={number}" for name, number in self.numbers.items())])

    @property
    def numbers(self) -> dict[str, int]:
        """Threads and limits that the call gives."""
        given = {"threads": self.threads, "flash": self.flash, "ram": self.ram}
        return {name: number for name, number in given.items() if number}

    @property
    def flash_asked(self) -> list[str]:
        """Limits of flash that were given, as they were given."""
        given = [self.flash, *(peek(config).get("flash") for config in self.configs)]
        return [str(limit) for limit in given if limit]

    def read(self) -> ModelConfig | LibraryConfig:
        """What the compiler compiles. Raises InputError."""
        from mgecc.toolrun.products import read_request  # loads NumPy, which null builds do without

        return read_request(self.asked)

    @property
    def threaded(self) -> bool:
        """Whether the library partitions calls over threads."""
        return self.threads > 1 if self.threads else self.contents.threads

    def load_toolchain(self, member: str) -> Any:
        spec, cpu = (member, "") if self.target.members else (self.target.spec, self.target.cpu)
        return _toolchain(self.toolchain, spec, cpu)


RequestKind = TypeVar("RequestKind", bound=Request)
NodesKind = TypeVar("NodesKind", bound=ModelNodes)


def mge_model(env: Any, name: str, config: Any = None, target: str = "", **options: Any) -> ModelNodes:
    """Build the library of a model for a target; returns its nodes as ``ModelNodes``.

    ``config``: a model.yaml or its folder, a model file or MegCC's JSON, whose models make one library (of one with
    image functions only, what MgeCv makes of these). In its place, the keys of a model.yaml can be given as keyword
    arguments: ``model="net.onnx", inputs={"data": {"layout": "NHWC"}}, cv={"rotate": ["ui8"]}``; files are named from
    the SConscript's folder. ``target``: a name, with features by suffix ("arm64+dot"), or the path of a YAML file that
    describes a machine of your own. ``options``:
    ``cpu``, ``toolchain`` ("zig", "gcc", "clang"), ``optimize`` ("speed", "size", "memory"), ``threads`` (1 to 16),
    ``flash`` and ``ram`` (the most bytes for weights and code, and for the arena, such as "512K"), ``build_dir``;
    defaults are the construction variables MGE_TARGET, MGE_CPU, MGE_TOOLCHAIN, MGE_OPTIMIZE, MGE_THREADS, MGE_FLASH,
    MGE_RAM and MGE_BUILD_DIR.
    """
    given = {key: options.pop(key) for key in sorted(options) if key not in OPTIONS}
    check_options("MgeModel", given, config_keys() if given else ())
    if config and given:
        raise UserError(
            f"MgeModel {name}: {next(iter(given))} belongs into {config}, or all of that into keywords"
        )
    config = _in_folder(env, config)
    functions = functions_without_models(_absolute(env, config)) if config else {}
    if functions:
        from mgecc.scons.images import mge_cv  # which imports this module

        return mge_cv(env, name, functions, target, **options)
    with shown_by_scons():
        asked = {"target": target, **options}
        request = fill_in(partial(Request, config=env.File(config) if config else None), env, name, asked)
        if not config:
            request = replace(request, config=config_file(env, name, request.folder, given))
        return build_library(request, ModelNodes)


def _in_folder(env: Any, config: Any) -> Any:
    """What ``config`` names; of a folder its model.yaml."""
    if not isinstance(config, str | Path):
        return config
    path = Path(env.Entry(str(config)).srcnode().get_abspath())
    return str(Path(config) / in_folder(path).relative_to(path))


def _absolute(env: Any, config: Any) -> Path:
    return Path(env.File(config).srcnode().get_abspath())


def check_options(rule: str, options: dict[str, str], more: Sequence[str] = ()) -> None:
    known = [*OPTIONS, *more]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise unknown_option(rule, unknown[0], ["target", *known])


def fill_in(make: Callable[..., RequestKind], env: Any, name: str, options: dict[str, str]) -> RequestKind:
    """``make`` called with what ``options`` and the construction variables say."""
    if not (options.get("target") or env["MGE_TARGET"]):
        raise UserError(f"{name}: for which target? give target=, or set MGE_TARGET")
    env = own_environment(env)
    chosen = {key: options.get(key) or env[f"MGE_{key.upper()}"] for key in OPTIONS}
    target = _target(_place(env, options.get("target") or env["MGE_TARGET"]), chosen["cpu"])
    folder = target.name + (f"-{target.cpu}" if target.cpu else "")
    return make(
        env=env,
        name=name,
        target=target,
        toolchain=chosen["toolchain"],
        optimize=chosen["optimize"],
        threads=threads_of(chosen["threads"]),
        flash=bytes_of("flash", chosen["flash"]),
        ram=bytes_of("ram", chosen["ram"]),
        folder=f"{_from_top(env.Dir(chosen['build_dir']))}/{folder}/{name}",
    )


@cache
def _target(spec: str, cpu: str) -> Target:
    return load_target(spec, cpu)


@cache
def _toolchain(name: str, spec: str, cpu: str) -> Toolchain:
    return load_toolchain(name, _target(spec, cpu))


def _place(env: Any, target: str) -> str:
    """The target's name; a file is looked for from the folder of the SConscript, as other files are."""
    own = split_path(target)
    if own is None:
        return target
    return "+".join([env.File(own[0]).srcnode().get_abspath(), *own[1]])


def _from_top(folder: Any) -> str:
    """A folder as text that means the same in every SConscript: below the top folder, ``#`` stands for that."""
    path = folder.get_internal_path()
    return path if path.startswith("/") else f"#{path}"


def peek(config: Any) -> dict[str, Any]:
    """What the build must know of a model.yaml before it is compiled; mistakes in it are the compiler's to report."""
    return _peek(config.srcnode().get_abspath())


@cache
def _peek(name: str) -> dict[str, Any]:
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        return {}
    try:
        with path.open("rb") as file:
            value = yaml.load(file.read(1 << 20), _YamlLoader)
    except (OSError, yaml.YAMLError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def word(config: dict[str, Any], key: str) -> str:
    value = config.get(key)
    return value if isinstance(value, str) else ""


def build_library(request: Request, make: type[NodesKind]) -> NodesKind:
    """Nodes of all steps of a request, as a ``make``."""
    files = compile_step(request)
    lib: list[Any] = []
    shared: list[Any] = []
    objects = {member: _objects(request, member, files) for member in members(request.target)}
    for member, nodes in objects.items():
        tools = tools_for(request, member)
        stem = f"{request.folder}/{member}/" if request.target.members else f"{request.folder}/"
        lib.append(tools.static_library(f"{stem}lib{request.name}.a", nodes))
        if request.target.system == "linux":
            shared.append(tools.shared_library(f"{stem}lib{request.name}.so", nodes))
        if request.flash_asked:
            fits = flash_step(
                request.env, f"{stem}obj/flash.txt", nodes, request.read, f"{request.flash_asked}"
            )
            request.env.Depends([lib[-1], *shared[-1:]], fits)
    products = _products(request, files, NodeList(lib), NodeList(shared), objects)
    return make([*lib, *shared, *files.values(), *stack_nodes(request, objects)], products)


def compile_step(request: Request) -> dict[str, Any]:
    """The compiler's step, and the headers that belong to what it writes: file name -> node."""
    env, target = request.env, request.target
    found = request.contents
    sources = [*request.configs, *map(env.File, map(str, [*found.reads, *found.beside]))]
    sources += map(env.File, target.own_files)
    ask = replace(request.asked, reads=tuple(source.srcnode().get_abspath() for source in sources))
    compiler = uses_node(env, request.folder)
    action = compile_action(
        ask, compiler.attributes.mge_record, request.signature, step_line("MGE", request.label, request.name)
    )
    nodes = env.Command([f"{request.folder}/{name}" for name in found.outputs], sources, action)
    env.Precious(nodes)
    declare_step(nodes[0])
    env.Depends(nodes, compiler)
    return dict(zip(found.outputs, nodes)) | _public_headers(request)


def _public_headers(request: Request) -> dict[str, Any]:
    """The runtime's headers beside those of the models: file name -> node."""
    paths = public_headers(f"{request.name}_cv.h" in request.contents.outputs)
    return {
        path.name: request.env.Command(f"{request.folder}/{path.name}", str(path), copy_action())[0]
        for path in paths
    }


def tools_for(request: Request, member: str) -> Tools:
    label = f"{request.label}/{member}" if request.target.members else request.label
    return Tools(request.env, request.load_toolchain(member), request.goal, label)


def _objects(request: Request, member: str, products: dict[str, Any]) -> list[Any]:
    """Objects of one kernel set: kernels, blob and runtime."""
    tools, name = tools_for(request, member), request.name
    folder = f"{request.folder}/obj/{member}" if request.target.members else f"{request.folder}/obj"
    includes = [request.folder, str(include_folder())]
    kernels = products[kernel_file(name, request.target, member)]
    images = products.get(cv_file(name, request.target, member))
    blobs = [
        tools.object(
            f"{folder}/{m}_blob.o", products[f"{m}_blob.S"], [request.folder], [products[f"{m}.blob"]]
        )
        for m in request.contents.models
    ]
    return [
        tools.object(f"{folder}/{name}_kernels.o", kernels, includes),
        *blobs,
        *([tools.object(f"{folder}/{name}_cv.o", images, includes)] if images else []),
        *(tools.object(f"{folder}/user_{p.stem}.o", str(p), includes) for p in request.contents.sources),
        *_runtime_objects(request, member, tools),
    ]


_runtime_cache: dict[tuple[str, ...], list[Any]] = {}


def _runtime_objects(request: Request, member: str, tools: Tools) -> list[Any]:
    """Objects of the runtime, one set for all models of a target that are built the same way."""
    base = request.folder.rsplit("/", 1)[0]
    folder = f"{base}/.runtime/{member}-{request.toolchain}-{request.goal}"
    found = request.contents
    folder += "-sizes" * found.sizes + "-threads" * request.threaded + "-trusted" * found.trusted
    folder += "-bound" * found.bound
    key = (request.env.Dir(folder).get_abspath(),)
    if key not in _runtime_cache:
        includes = [str(include_folder()), str(runtime_folder() / "src")]
        sources = runtime_sources(found.sizes, request.threaded, found.trusted, found.bound)
        nodes = [tools.object(f"{folder}/{path.stem}.o", str(path), includes) for path in sources]
        _runtime_cache[key] = nodes
    return _runtime_cache[key]


def asked_for(request: Request) -> dict[str, Any]:
    """The fields of ``Products``, and of folders."""
    return {
        "name": request.name,
        "target": request.target.spec,
        "cpu": request.target.cpu,
        "label": request.label,
        "toolchain": request.toolchain,
        "optimize": request.goal,
        "folder": request.folder,
        "include": [request.env.Dir(request.folder), request.env.Dir(str(include_folder()))],
        "asked": request.numbers,
    }


def _products(
    request: Request, files: dict[str, Any], lib: NodeList, shared: NodeList, objects: dict[str, list[Any]]
) -> ModelProducts:
    """The products by their roles."""
    models = request.contents.models
    headers, blobs = ({model: files[f"{model}.{kind}"] for model in models} for kind in ("h", "blob"))
    return ModelProducts(
        **asked_for(request),
        lib=lib,
        header=next(iter(headers.values())),
        objects=objects,
        threads=request.threaded,
        config=request.config,
        shared=shared,
        blob=next(iter(blobs.values())),
        report=files["report.json"],
        headers=headers,
        blobs=blobs,
        kernels=NodeList(
            files[kernel_file(request.name, request.target, m)] for m in members(request.target)
        ),
        configs=request.named_configs,
    )
