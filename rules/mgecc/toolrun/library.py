"""The C side without SCons: objects and libraries of a model out of its products folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from mgecc.config import LibraryConfig, ModelConfig
from mgecc.names import cv_file, kernel_file, members
from mgecc.targets import Target, Toolchain, load_target, load_toolchain
from mgecc.toolrun.flash import check_flash
from mgecc.toolrun.objects import compile_file
from mgecc.toolrun.process import run_tool, write_atomically
from mgecc.toolrun.sources import include_folder, runtime_folder, runtime_sources
from mgecc.toolrun.stack_header import stack_header, stack_header_name


@dataclass(frozen=True)
class Library:
    """A model's static library for one kernel set. ``folder`` holds its header, blob and report.

    ``objects``: what it holds, if it has just been built.
    """

    name: str
    target: Target
    folder: Path
    archive: Path
    objects: tuple[Path, ...] = ()


def find_libraries(folder: Path, name: str, target: Target, library: str = "") -> list[Library]:
    """Where the libraries of a model lie in its products folder: one, or one per member of a combined target.

    ``library``: what they are called, where they hold other models too.
    """
    file = f"lib{library or name}.a"
    return [
        Library(name, single, folder, folder / (member if target.members else "") / file)
        for member, single in member_targets(target).items()
    ]


def library_files(built: Iterable[Library]) -> list[Path]:
    """The libraries that were built, static and shared."""
    paths = [path for one in built for path in (one.archive, one.archive.with_suffix(".so"))]
    stacks = [
        one.folder / name for one in built for name in [stack_header_name(one.name, one.target)] if name
    ]
    return [path for path in [*paths, *stacks] if path.is_file()]


def library_names(config: ModelConfig | LibraryConfig, target: Target) -> list[str]:
    """Names of all files that ``build_library`` puts beside the products."""
    found = _libraries_of(Path(), config, target)
    archives = [library.archive for library in found]
    shared = [path.with_suffix(".so") for path in archives if target.system == "linux"]
    stack = stack_header_name(config.name, target) if config.models else ""
    return [path.as_posix() for path in [*archives, *shared]] + [stack] * bool(stack)


def _libraries_of(folder: Path, config: ModelConfig | LibraryConfig, target: Target) -> list[Library]:
    return find_libraries(folder, config.name, target, "" if config.models else f"{config.name}_cv")


def member_targets(target: Target) -> dict[str, Target]:
    """Kernel set -> the target it is for."""
    return {member: load_target(member) if target.members else target for member in members(target)}


def build_library(
    folder: Path, config: ModelConfig | LibraryConfig, target: Target, toolchain: str
) -> list[Library]:
    """Compile the products in ``folder`` and put the libraries beside them, as the SCons rules would.

    Raises ToolchainMissing, ToolError, and InputError where they take more flash than there is.
    """
    name = config.name
    libraries = _libraries_of(folder, config, target)
    built = []
    for member, library in zip(members(target), libraries):
        tools = load_toolchain(toolchain, library.target)
        images = [cv_file(name, target, member)] if config.cv else []
        kernels = [kernel_file(name, target, member), *images] if config.models else images
        generated = [*kernels, *(f"{model.name}_blob.S" for model in config.models)]
        sources = {folder / file: Path(file).stem for file in generated}
        sources |= {path: f"user_{path.stem}" for path in config.sources}
        needed = (has_sizes(config), has_threads(config), has_trusted_blobs(config), has_buffers(config))
        runtime = runtime_sources(*needed) if config.models else []
        sources |= {path: path.stem for path in runtime}
        objects = _objects(library, sources, tools, config.optimize)
        check_flash(config, objects)
        _link(library, tools, objects)
        header = stack_header_name(name, library.target) if config.models else ""
        if header:
            models = [model.name for model in config.models]
            write_atomically(folder / header, stack_header(name, models, objects))
        built.append(replace(library, objects=tuple(objects)))
    return built


def has_sizes(config: ModelConfig | LibraryConfig) -> bool:
    """Whether some model of the library has declared sizes."""
    return any(model.sizes for model in config.models)


def has_threads(config: ModelConfig | LibraryConfig) -> bool:
    """Whether calls of some model are partitioned over threads."""
    return any(model.threads > 1 for model in config.models)


def has_trusted_blobs(config: ModelConfig | LibraryConfig) -> bool:
    """Whether some model opens its blob without checks, at once or later."""
    return any(model.verify_blob != "always" for model in config.models)


def has_buffers(config: ModelConfig | LibraryConfig) -> bool:
    """Whether inputs or outputs of some model lie in memory of the application's."""
    return any(model.buffers for model in config.models)


def _link(library: Library, tools: Toolchain, objects: list[Path]) -> None:
    run_tool(lambda out: tools.archive_args(out, objects), library.archive)
    if library.target.system == "linux":
        shared = library.archive.with_suffix(".so")
        run_tool(lambda out: tools.link_shared_args(out, objects, shared.name), shared)


def _objects(library: Library, sources: dict[Path, str], tools: Toolchain, optimize: str) -> list[Path]:
    """Compile source files into objects of these names."""
    objects = library.archive.parent / "obj"
    return [
        compile_file(source, objects / f"{name}.o", tools, _includes(source, library), optimize)
        for source, name in sources.items()
    ]


def _includes(source: Path, library: Library) -> list[Path]:
    """The runtime's files see nothing of the model, so that all models share their objects."""
    runtime = [include_folder(), runtime_folder() / "src"]
    return runtime if source.is_relative_to(runtime_folder()) else [library.folder, *runtime]
