"""One model made ready to run on one target: compiled or taken from its products folder, linked, and run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mgecc.config import ModelConfig
from mgecc.targets import Target
from mgecc.toolrun.library import Library, build_library, find_libraries
from mgecc.toolrun.products import InputError, compile_to_folder
from mgecc.toolrun.runner import RunError, Runner, build_runner, run_program
from mgecc.toolrun.tensors import Interface, read_interface


@dataclass(frozen=True)
class Session:
    """Runners of a model, one per kernel set, and its inputs and outputs."""

    interface: Interface
    runners: tuple[Runner, ...]


def compile_and_build(config: ModelConfig, target: Target, toolchain: str, folder: Path) -> list[Library]:
    """Compile a model into ``folder`` and build its libraries there."""
    compile_to_folder(config, target.name, target.cpu, folder)
    return build_library(folder, config.name, target, toolchain, config.optimize)


def open_products(config: ModelConfig, target: Target, folder: Path) -> list[Library]:
    """The libraries of a products folder that was built before. Raises InputError where there are none."""
    libraries = find_libraries(folder, config.name, target)
    for library in libraries:
        if not library.archive.is_file():
            raise InputError(f"{library.archive}: there is no such library; build it first")
    return libraries


def prepare(libraries: Sequence[Library], toolchain: str, scratch: Path) -> Session:
    """Link a runner for every library, in folders of ``scratch``."""
    interface = read_interface(libraries[0].folder)
    traffic = interface.output_bytes + sum(tensor.nbytes for tensor in interface.inputs)
    runners = [
        build_runner(
            library, toolchain, interface.weights, interface.arena + traffic, scratch / library.target.name
        )
        for library in libraries
    ]
    return Session(interface, tuple(runners))


def run_cases(session: Session, runner: Runner, cases: Sequence[bytes]) -> tuple[list[bytes], float]:
    """Outputs of every case, and the shortest time of one run in seconds, start of the program included."""
    results, best = [], float("inf")
    for case in cases:
        start = time.perf_counter()
        outputs = run_program(runner, case)
        best = min(best, time.perf_counter() - start)
        if len(outputs) != session.interface.output_bytes:
            expected = session.interface.output_bytes
            raise RunError(
                f"{runner.target.name}: the program gave {len(outputs)} bytes instead of {expected}"
            )
        results.append(outputs)
    return results, best
