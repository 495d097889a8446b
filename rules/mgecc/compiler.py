"""From a model file to the files of its library: every step of the compiler, in order, without SCons.

Also the identity of the compiler itself, so that builds know when its results may have changed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mgecc.targets import Target, load_target

if TYPE_CHECKING:
    from mgecc.config import ModelConfig
    from mgecc.graph import Diagnostics, Graph
    from mgecc.ops.custom import UserKernel
    from mgecc.planner import Program

MAX_MODEL_BYTES = 1 << 31


@dataclass(frozen=True)
class Products:
    """The files of one compilation, by name: the names that ``output_names`` gives."""

    files: dict[str, bytes]
    programs: tuple[Program, ...]


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
    return [f"{model}.h", f"{model}.blob", f"{model}_blob.S", *kernels, *images, "report.json"]


def survey(config: ModelConfig) -> tuple[Graph, Diagnostics]:
    """Read and import the model file of a configuration, with its input shapes; problems stand beside the graph."""
    from mgecc.frontends.mge.importer import survey_mge
    from mgecc.ops.custom import CustomFunction, replace_operators

    shapes = {name: spec.shape for name, spec in config.inputs.items() if spec.shape is not None}
    data = read_bounded(config.model)
    functions = {name: CustomFunction(c.function, c.outputs) for name, c in config.custom.items()}
    graph, problems = survey_mge(data, config.model.name, shapes, functions)
    graph.name = config.name
    replace_operators(graph, {name: _user_kernel(path) for name, path in config.kernels.items()}, problems)
    return graph, problems


def _user_kernel(path: Path) -> UserKernel:
    from mgecc.ops.custom import UserKernel

    if path.suffix == ".c":
        return UserKernel(function=path.stem, file=path.name)
    return UserKernel(template=path.read_text(encoding="utf-8", errors="replace"), file=path.name)


def load_graph(config: ModelConfig) -> Graph:
    """The graph of a configuration as imported. Raises MgeError and CompileError."""
    graph, problems = survey(config)
    problems.check()
    return graph


def read_bounded(path: Path) -> bytes:
    """Content of a model file; OSError if it cannot be read or is larger than a model file can be."""
    with path.open("rb") as file:
        data = file.read(MAX_MODEL_BYTES)
    if len(data) == MAX_MODEL_BYTES:
        raise OSError(f"{path.name}: larger than 2 GiB, no model file is")
    return data


def build_programs(config: ModelConfig, target: Target) -> tuple[Program, ...]:
    """One program per kernel set of the target; CompileError lists all problems of the model."""
    from mgecc.passes import extents, optimize
    from mgecc.planner.plan import plan, share_weights
    from mgecc.planner.weights import WeightSection

    programs, weights = [], WeightSection()
    for member in members(target):
        graph, problems = survey(config)
        optimize(graph)
        extents.carry(graph, problems)
        single = load_target(member) if target.members else target
        programs.append(plan(graph, single, config.optimize, problems, weights))
    return share_weights(programs, weights)


def compile_model(config: ModelConfig, target_name: str, cpu: str = "") -> Products:
    """Compile a configured model for a target. Deterministic: same inputs, same bytes."""
    from mgecc import emit
    from mgecc.report import report

    target = load_target(target_name, cpu)
    programs = build_programs(config, target)
    singles = [load_target(member) if target.members else target for member in members(target)]
    name = config.name
    files = {
        f"{name}.h": emit.header(programs).encode(),
        f"{name}.blob": emit.write_blob(programs, singles),
        f"{name}_blob.S": emit.blob_s(name).encode(),
    }
    for member, single, program in zip(members(target), singles, programs):
        files[kernel_file(name, target, member)] = emit.kernels_c(program, single).encode()
    files |= _image_functions(config, target, singles) if config.cv else {}
    reports = [report(program) for program in programs]
    document = reports[0] if len(reports) == 1 else {**reports[0], "target": target.name, "members": reports}
    files["report.json"] = (json.dumps(document, indent=1) + "\n").encode()
    return Products(files, programs)


def _image_functions(config: ModelConfig, target: Target, singles: list[Target]) -> dict[str, bytes]:
    from mgecc.cv import cv_c, cv_h
    from mgecc.emit import model_prefix

    files = {f"{config.name}_cv.h": cv_h(config.cv, model_prefix(config.name)).encode()}
    for member, single in zip(members(target), singles):
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
