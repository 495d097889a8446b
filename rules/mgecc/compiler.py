"""From a model file to the files of its library: every step of the compiler, in order, without SCons."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mgecc import __version__, emit
from mgecc.config import LibraryConfig, ModelConfig
from mgecc.cv import cv_c, cv_h
from mgecc.errors import Reported
from mgecc.graph import CompileError, Unsupported
from mgecc.graph.changes import Changes
from mgecc.graph.provenance import Provenance
from mgecc.lowering import Lowering, import_sets, lower
from mgecc.names import cv_file, kernel_file, members, own_names, singles
from mgecc.planner import Program, shape_sets
from mgecc.planner.limits import Goal, exceeded
from mgecc.planner.packing import share_packings
from mgecc.planner.plan import choose, place, share_weights
from mgecc.planner.weights import WeightSection
from mgecc.report import report
from mgecc.targets import Target, load_target


@dataclass(frozen=True)
class Products:
    """The files of one compilation, by name: the names that ``output_names`` gives."""

    files: dict[str, bytes]
    programs: tuple[Program, ...]

    @property
    def notes(self) -> list[str]:
        """What the user should know of the compilation, each once."""
        return list(dict.fromkeys(note for program in self.programs for note in program.notes))


def build_programs(config: ModelConfig, target: Target) -> tuple[Program, ...]:
    """For each set of input shapes one program per kernel set of the target, all over the same weights.

    Where the arena is larger than ``ram``, it is planned for memory, whatever the goal: until it fits, at the least
    work that is estimated to do. CompileError lists all problems of the model.
    """
    _check_threads(config, target)
    _check_buffers(config)
    imported = import_sets(config)
    if config.ram is None:
        return plan_imported(config, target, imported)
    programs = plan_imported(config, target, [one.copy() for one in imported])
    least = replace(config, optimize="memory")
    enough = config.ram
    while enough and _arena(programs) > config.ram:
        again = plan_imported(least, target, [one.copy() for one in imported], enough)
        programs = min(programs, again, key=_arena)
        enough = _less(enough, _arena(again) - config.ram, config.ram)
    _check_limits(config, programs)
    return programs


def _less(enough: int, over: int, ram: int) -> int:
    """What to plan for next where the arena is larger than estimated: once by as much less, then for the least that
    there is; 0: no more."""
    if enough == ram and over < ram // 8:
        return ram - over
    return 1 if enough > 1 else 0


def _check_limits(config: ModelConfig, programs: Sequence[Program]) -> None:
    """All limits that are exceeded, each at the place where it was given."""
    found = exceeded(_goal(config), len(programs[0].weights), _arena(programs))
    if found:
        file = config.model.name
        raise CompileError.of_lines(
            file, [f"{config.places.get(key, file)}: {why}" for key, why in found.items()]
        )


def _arena(programs: Sequence[Program]) -> int:
    return max(program.arena for program in programs)


def plan_imported(
    config: ModelConfig, target: Target, imported: list[Lowering], enough: int = 0
) -> tuple[Program, ...]:
    """Lower and plan ``imported``, a graph for each set of input shapes, which is used up and empty afterwards.

    ``enough``: bytes of the arena, as of ``Goal``.
    """
    programs, weights, errors = [], WeightSection(max(16, 4 * target.lanes)), []
    for shapes in config.shape_sets:
        try:
            programs += _programs(imported.pop(0), shapes, target, weights, enough)
        except CompileError as error:
            errors.append((shapes, error))
    if errors:
        raise _errors_of_sets(config, errors)
    _check_sets(config, programs[:: len(members(target))])
    _check_names_of_buffers(config, programs[0])
    return share_weights(programs, weights)


def _errors_of_sets(config: ModelConfig, errors: Sequence[tuple[ModelConfig, CompileError]]) -> CompileError:
    """What sets of input shapes do not compile, and why; problems that all of them have are told once."""
    _, first = errors[0]
    if len(errors) == len(config.shape_sets) and all(error.problems == first.problems for _, error in errors):
        return first
    return CompileError.merged([error.of_case(case_of(shapes)) for shapes, error in errors])


def case_of(config: ModelConfig) -> str:
    """What tells one set of input shapes from the others, for messages."""
    shapes = [f"{name} {list(spec.shape)}" for name, spec in config.inputs.items() if spec.shape is not None]
    return f"with {', '.join(shapes)}"


def _programs(
    imported: Lowering, config: ModelConfig, target: Target, weights: WeightSection, enough: int
) -> list[Program]:
    """The programs of one set of input shapes, or for all declared sizes, one per kernel set."""
    goal, targets = replace(_goal(config), enough=enough), singles(target)
    origins, changes = Provenance(imported.graph), Changes(imported.graph)
    lowered = lower(imported, config, targets, changes)
    choices = [choose(one.graph, single, goal, one.problems) for single, one in zip(targets, lowered)]
    if len(choices) > 1:
        choices = share_packings(choices)
    programs = []
    for single, one, chosen in zip(targets, lowered, choices):
        program = place(one.graph, single, chosen, goal, one.problems, weights)
        notes = tuple(one.problems.notes)
        facts = program.facts.traced(
            imported.digest, origins, changes.of(single.name if len(targets) > 1 else "")
        )
        programs.append(replace(program, facts=facts, verify_blob=config.verify_blob, notes=notes))
    return programs


def _goal(config: ModelConfig) -> Goal:
    threads = 1 if config.sizes else config.threads
    return Goal(config.optimize, config.flash, config.ram, threads, config.buffers)


def _check_buffers(config: ModelConfig) -> None:
    """What does not go together with inputs or outputs in memory of the application's."""
    others = {"sizes": bool(config.sizes), "threads": config.threads > 1}
    taken = [key for key, is_given in others.items() if is_given]
    if config.buffers and taken:
        file = config.model.name
        why = f"inputs and outputs of a model with `{taken[0]}` lie in the arena; leave `buffers` or `{taken[0]}` out"
        raise CompileError.of_lines(file, [f"{config.places.get('buffers', file)}: {why}"])


def _check_names_of_buffers(config: ModelConfig, program: Program) -> None:
    """Each must be of an input or output."""
    known = {f"inputs.{name}" for t in program.inputs for name in (t.name, t.alias)}
    known |= {"inputs", "outputs"} | {f"outputs.{t.name}" for t in program.outputs}
    unknown = [asked.partition(".") for asked in sorted(config.buffers - known)]
    if unknown:
        kind, _, name = unknown[0]
        names = ", ".join(t.name for t in (program.inputs if kind == "inputs" else program.outputs))
        place = config.places.get(f"buffers.{kind}", config.model.name)
        why = f"buffers: no {kind.removesuffix('s')} is called {name}; known are {names}"
        raise CompileError.of_lines(config.model.name, [f"{place}: {why}"])


def _check_threads(config: ModelConfig, target: Target) -> None:
    if config.threads > 1 and target.system != "linux":
        raise Unsupported(f"{target.name} has no threads", f"leave `threads: {config.threads}` out for it")


def _check_sets(config: ModelConfig, programs: Sequence[Program]) -> None:
    """Sets of input shapes must be told apart by their shapes alone."""
    if programs[0].states and (len(programs) > 1 or programs[0].sizes):
        why = "memory that lives across runs has one shape, the model has several"
        raise Unsupported(why, "give it one set of input shapes, without `sizes`")
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
    files["report.json"] = _json(_report(programs, target, _asked(config, cpu, programs)))
    return Products(files, programs)


def compile_functions(library: LibraryConfig, target_name: str, cpu: str = "") -> Products:
    """The image functions of a library that has no models. Raises KeyError for one that does not exist."""
    return Products(_image_functions(library, load_target(target_name, cpu)), ())


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
    asked = [_asked(model, cpu, made) for model, made in zip(library.models, programs)]
    reports = [_report(made, target, one) for made, one in zip(programs, asked)]
    files["report.json"] = _json({"library": library.name, "target": target.name, "models": reports})
    return Products(files, tuple(program for made in programs for program in made))


def _programs_of_all(library: LibraryConfig, target: Target) -> list[tuple[Program, ...]]:
    programs, errors = [], []
    for model in library.models:
        try:
            programs.append(build_programs(model, target))
        except (Reported, OSError) as error:
            errors.append(_error_of_model(model, error))
    if errors:
        raise CompileError.merged(errors)
    return programs


def _error_of_model(model: ModelConfig, error: Reported | OSError) -> CompileError:
    """What keeps one model of several from compiling, headed by its name and its place in the configuration."""
    source = f"{model.name} ({model.place or model.path}, {model.model.name})"
    if isinstance(error, CompileError):
        return error.of_source(source)
    if isinstance(error, Reported):
        return CompileError.of_lines(source, [error.about(source)])
    text = f"{model.model}: {error.strerror}" if error.strerror else error
    return CompileError.of_lines(source, [f"{source}: {text}"])


def _model_files(name: str, programs: tuple[Program, ...], target: Target) -> dict[str, bytes]:
    """Header, blob and embedding of one model."""
    targets = singles(target)
    blob = emit.write_blob(programs, targets * (len(programs) // len(targets)))
    texts = (emit.header(programs).encode(), blob, emit.blob_s(name).encode())
    return dict(zip(own_names(name), texts))


def _kernel_files(name: str, models: Sequence[tuple[Program, ...]], target: Target) -> dict[str, bytes]:
    """For each kernel set the kernels of all models."""
    files, count = {}, len(members(target))
    for position, (member, single) in enumerate(zip(members(target), singles(target))):
        first, *more = [program for programs in models for program in programs[position::count]]
        files[kernel_file(name, target, member)] = emit.kernels_c(first, single, *more).encode()
    return files


def _report(programs: tuple[Program, ...], target: Target, asked: dict[str, Any]) -> dict[str, Any]:
    count = len(members(target))
    reports = [report(programs[position::count], asked) for position in range(count)]
    if count == 1:
        return reports[0]
    for row, program in zip(reports, programs):
        row["unshared_weights"] = program.unshared
    return {**reports[0], "target": target.name, "members": reports}


def _asked(config: ModelConfig, cpu: str, programs: Sequence[Program]) -> dict[str, Any]:
    """What was asked for, for the head of the report; limits in bytes."""
    limits = {"flash": config.flash, "ram": config.ram}
    return {
        "generator": f"mgecc {__version__}",
        "file": {"name": config.model.name, "sha256": programs[0].facts.digest},
        "cpu": cpu,
        "optimize": config.optimize,
        "threads": config.threads,
        "limits": {name: limit for name, limit in limits.items() if limit is not None},
        "options": {name: True for name, is_on in sorted(config.options.items()) if is_on},
    } | ({"verify_blob": config.verify_blob} if config.verify_blob != "always" else {})


def _json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=1) + "\n").encode()


def _image_functions(config: ModelConfig | LibraryConfig, target: Target) -> dict[str, bytes]:
    files = {f"{config.name}_cv.h": cv_h(config.cv, emit.model_prefix(config.name)).encode()}
    for member, single in zip(members(target), singles(target)):
        files[cv_file(config.name, target, member)] = cv_c(config.cv, single).encode()
    return files
