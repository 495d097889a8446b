"""From a model file to the files of its library: every step of the compiler, in order, without SCons.

Also the identity of the compiler itself, so that builds know when its results may have changed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgecc.targets import Target, load_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgecc.config import LibraryConfig, ModelConfig
    from mgecc.graph import CompileError
    from mgecc.planner import Program
    from mgecc.planner.limits import Goal
    from mgecc.planner.weights import WeightSection


@dataclass(frozen=True)
class Products:
    """The files of one compilation, by name: the names that ``output_names`` gives."""

    files: dict[str, bytes]
    programs: tuple[Program, ...]

    @property
    def notes(self) -> list[str]:
        """What the user should know of the compilation, each once."""
        return list(dict.fromkeys(note for program in self.programs for note in program.notes))


def members(target: Target) -> tuple[str, ...]:
    """Names of the kernel sets of a target: its members if it combines several, else itself."""
    return target.members or (target.name,)


def kernel_file(model: str, target: Target, member: str) -> str:
    """Name of the kernels' C file of one member, below the model's build folder."""
    return f"{member}/{model}_kernels.c" if target.members else f"{model}_kernels.c"


def cv_file(model: str, target: Target, member: str) -> str:
    """Name of the C file with the image functions of one member."""
    return f"{member}/{model}_cv.c" if target.members else f"{model}_cv.c"


def output_names(model: str, target_name: str, cpu: str = "", cv: bool = False) -> list[str]:
    """Names of all files that ``compile_model`` gives; known before anything is compiled.

    ``cv``: the configuration names image functions.
    """
    target = load_target(target_name, cpu)
    kernels = [kernel_file(model, target, member) for member in members(target)]
    images = [f"{model}_cv.h", *(cv_file(model, target, member) for member in members(target))] if cv else []
    return [*_own_names(model), *kernels, *images, "report.json"]


def build_programs(config: ModelConfig, target: Target) -> tuple[Program, ...]:
    """For each set of input shapes one program per kernel set of the target, all over the same weights.

    Where the arena is larger than ``ram``, it is planned for the least memory, whatever the goal. CompileError lists
    all problems of the model.
    """
    _check_threads(config, target)
    programs = _planned(config, target)
    if config.ram is not None and config.ram < _arena(programs) and config.optimize != "memory":
        programs = min(programs, _planned(replace(config, optimize="memory"), target), key=_arena)
    _check_limits(config, programs)
    return programs


def _check_limits(config: ModelConfig, programs: Sequence[Program]) -> None:
    """All limits that are exceeded, each at the place where it was given."""
    from mgecc.graph import CompileError
    from mgecc.planner.limits import exceeded

    found = exceeded(_goal(config), len(programs[0].weights), _arena(programs))
    if found:
        file = config.model.name
        raise CompileError.of_lines(
            file, [f"{config.places.get(key, file)}: {why}" for key, why in found.items()]
        )


def _arena(programs: Sequence[Program]) -> int:
    return max(program.arena for program in programs)


def _planned(config: ModelConfig, target: Target) -> tuple[Program, ...]:
    from mgecc.graph import CompileError
    from mgecc.planner.plan import share_weights
    from mgecc.planner.weights import WeightSection

    programs, weights, errors = [], WeightSection(max(16, 4 * target.lanes)), []
    for shapes in config.shape_sets:
        try:
            programs += _programs(shapes, target, weights)
        except CompileError as error:
            errors.append((shapes, error))
    if errors:
        raise _errors_of_sets(config, errors)
    _check_sets(config, programs[:: len(members(target))])
    return share_weights(programs, weights)


def _errors_of_sets(config: ModelConfig, errors: Sequence[tuple[ModelConfig, CompileError]]) -> CompileError:
    """What sets of input shapes do not compile, and why; problems that all of them have are told once."""
    from mgecc.graph import CompileError

    _, first = errors[0]
    if len(errors) == len(config.shape_sets) and all(error.problems == first.problems for _, error in errors):
        return first
    return CompileError.merged([error.of_case(_case(shapes)) for shapes, error in errors])


def _case(config: ModelConfig) -> str:
    shapes = [f"{name} {list(spec.shape)}" for name, spec in config.inputs.items() if spec.shape is not None]
    return f"with {', '.join(shapes)}"


def _programs(config: ModelConfig, target: Target, weights: WeightSection) -> list[Program]:
    """The programs of one set of input shapes, or for all declared sizes, one per kernel set."""
    from mgecc.emit.sizes import with_copy
    from mgecc.lowering import lower, read_bounded
    from mgecc.planner.packing import share_packings
    from mgecc.planner.plan import choose, place

    goal, singles = _goal(config), _singles(target)
    data = read_bounded(config.model)
    lowered = [lower(config, single, data) for single in singles]
    del data  # its weights, where they are changed, are not there twice
    choices = [choose(graph, single, goal, problems) for single, (graph, problems) in zip(singles, lowered)]
    if len(choices) > 1:
        choices = share_packings(choices)
    return [
        replace(with_copy(place(graph, single, chosen, goal, problems, weights)), notes=tuple(problems.notes))
        for single, (graph, problems), chosen in zip(singles, lowered, choices)
    ]


def _goal(config: ModelConfig) -> Goal:
    from mgecc.planner.limits import Goal

    return Goal(config.optimize, config.flash, config.ram, 1 if config.sizes else config.threads)


def _check_threads(config: ModelConfig, target: Target) -> None:
    from mgecc.graph import Unsupported

    if config.threads > 1 and target.system != "linux":
        raise Unsupported(f"{target.name} has no threads", f"leave `threads: {config.threads}` out for it")


def _check_sets(config: ModelConfig, programs: Sequence[Program]) -> None:
    """Sets of input shapes must be told apart by their shapes alone."""
    from mgecc.graph import Unsupported
    from mgecc.planner import shape_sets

    if len(shape_sets(programs)) < len(config.input_shapes):
        raise Unsupported("two sets of input shapes are the same", "leave one of them out of input_shapes")
    for tensors in zip(*(program.inputs for program in programs)):
        ranks = sorted({tensor.type.rank for tensor in tensors})
        if len(ranks) > 1:
            why = (
                f"{tensors[0].name} has {ranks[0]} axes in one set of input shapes and {ranks[1]} in another"
            )
            raise Unsupported(why, "give it as many in all, of size 1 where needed")


def compile_model(config: ModelConfig, target_name: str, cpu: str = "") -> Products:
    """Compile a configured model for a target. Deterministic: same inputs, same bytes.

    Raises frontends.errors.ModelError, CompileError and Unsupported for models that cannot be compiled,
    emit.EmitError for one that exceeds the blob's format, OSError where its file cannot be read.
    """
    target = load_target(target_name, cpu)
    programs = build_programs(config, target)
    files = _model_files(config.name, programs, target) | _kernel_files(config.name, [programs], target)
    files |= _image_functions(config, target) if config.cv else {}
    files["report.json"] = _json(_report(programs, target))
    return Products(files, programs)


def library_output_names(library: LibraryConfig, target_name: str, cpu: str = "") -> list[str]:
    """Names of all files that ``compile_models`` gives."""
    models = [model.name for model in library.models]
    return names_of_library(library.name, models, target_name, cpu, bool(library.cv))


def names_of_library(name: str, models: Sequence[str], target_name: str, cpu: str, cv: bool) -> list[str]:
    """Names of all files of a library of ``models``; ``cv``: with image functions."""
    shared = set(output_names(name, target_name, cpu, cv)) - set(_own_names(name))
    return [*(file for model in models for file in _own_names(model)), *sorted(shared)]


def function_output_names(name: str, target_name: str, cpu: str = "") -> list[str]:
    """Names of all files that ``compile_functions`` gives."""
    target = load_target(target_name, cpu)
    return [f"{name}_cv.h", *(cv_file(name, target, member) for member in members(target))]


def compile_functions(library: LibraryConfig, target_name: str, cpu: str = "") -> Products:
    """The image functions of a library that has no models. Raises KeyError for one that does not exist."""
    return Products(_image_functions(library, load_target(target_name, cpu)), ())


def _own_names(model: str) -> list[str]:
    return [f"{model}.h", f"{model}.blob", f"{model}_blob.S"]


def compile_models(library: LibraryConfig, target_name: str, cpu: str = "") -> Products:
    """Compile several models into one library: a header and a blob for each, and one file with all their kernels.

    Raises CompileError with the problems of all models, else as ``compile_model``.
    """
    target = load_target(target_name, cpu)
    programs = _programs_of_all(library, target)
    files: dict[str, bytes] = {}
    for model, made in zip(library.models, programs):
        files |= _model_files(model.name, made, target)
    files |= _kernel_files(library.name, programs, target)
    files |= _image_functions(library, target) if library.cv else {}
    reports = [_report(made, target) for made in programs]
    files["report.json"] = _json({"library": library.name, "target": target.name, "models": reports})
    return Products(files, tuple(program for made in programs for program in made))


def _programs_of_all(library: LibraryConfig, target: Target) -> list[tuple[Program, ...]]:
    from mgecc.frontends.errors import ModelError
    from mgecc.graph import CompileError, Unsupported

    programs, errors = [], []
    for model in library.models:
        try:
            programs.append(build_programs(model, target))
        except (CompileError, ModelError, Unsupported, OSError) as error:
            errors.append(_error_of_model(model, error))
    if errors:
        raise CompileError.merged(errors)
    return programs


def _error_of_model(model: ModelConfig, error: Exception) -> CompileError:
    """What keeps one model of several from compiling, headed by its name and its place in the configuration."""
    from mgecc.graph import CompileError

    source = f"{model.name} ({model.place or model.path}, {model.model.name})"
    if isinstance(error, CompileError):
        return error.of_source(source)
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = f"{model.model}: {error.strerror}"
    return CompileError.of_lines(source, [f"{source}: {text}"])


def _singles(target: Target) -> list[Target]:
    return [load_target(member) if target.members else target for member in members(target)]


def _model_files(name: str, programs: tuple[Program, ...], target: Target) -> dict[str, bytes]:
    """Header, blob and embedding of one model."""
    from mgecc import emit

    singles = _singles(target)
    blob = emit.write_blob(programs, singles * (len(programs) // len(singles)))
    texts = (emit.header(programs).encode(), blob, emit.blob_s(name).encode())
    return dict(zip(_own_names(name), texts))


def _kernel_files(name: str, models: Sequence[tuple[Program, ...]], target: Target) -> dict[str, bytes]:
    """For each kernel set the kernels of all models."""
    from mgecc import emit

    files, count = {}, len(members(target))
    for position, (member, single) in enumerate(zip(members(target), _singles(target))):
        first, *more = [program for programs in models for program in programs[position::count]]
        files[kernel_file(name, target, member)] = emit.kernels_c(first, single, *more).encode()
    return files


def _report(programs: tuple[Program, ...], target: Target) -> dict[str, Any]:
    from mgecc.report import report

    count = len(members(target))
    reports = [report(programs[position::count]) for position in range(count)]
    if count == 1:
        return reports[0]
    for row, program in zip(reports, programs):
        row["unshared_weights"] = program.unshared
    return {**reports[0], "target": target.name, "members": reports}


def _json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=1) + "\n").encode()


def _image_functions(config: ModelConfig | LibraryConfig, target: Target) -> dict[str, bytes]:
    from mgecc.cv import cv_c, cv_h
    from mgecc.emit import model_prefix

    files = {f"{config.name}_cv.h": cv_h(config.cv, model_prefix(config.name)).encode()}
    for member, single in zip(members(target), _singles(target)):
        files[cv_file(config.name, target, member)] = cv_c(config.cv, single).encode()
    return files


@cache
def compiler_id() -> str:
    """Digest of the compiler: its modules, templates, headers and target files. Changes whenever results may."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.suffix in (".py", ".j2", ".h", ".yaml", ".json")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
