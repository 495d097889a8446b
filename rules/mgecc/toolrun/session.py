"""One model made ready to run on one target: compiled or taken from its products folder, linked, and run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mgecc.config import ModelConfig
from mgecc.targets import Target
from mgecc.toolrun.library import Library, build_library, find_libraries
from mgecc.toolrun.products import InputError, compile_to_folder
from mgecc.toolrun.runner import RunError, Runner, build_runner, run_program
from mgecc.toolrun.tensors import Arrays, Interface, fitting, read_interfaces


@dataclass(frozen=True)
class Session:
    """Runners of a model, one per kernel set, and its inputs and outputs.

    ``interfaces``: for each set of input shapes. ``shape_set``: the one that is used.
    """

    interfaces: tuple[Interface, ...]
    runners: tuple[Runner, ...]
    shape_set: int = 0

    @property
    def interface(self) -> Interface:
        return self.interfaces[self.shape_set]

    def fitting(self, inputs: Arrays) -> Session:
        """This session with the set of input shapes that recorded inputs have. Raises InputError."""
        return replace(self, shape_set=fitting(inputs, self.interfaces))


def compile_and_build(config: ModelConfig, target: Target, toolchain: str, folder: Path) -> list[Library]:
    """Compile a model into ``folder`` and build its libraries there."""
    compile_to_folder(config, target.spec, target.cpu, folder)
    return build_library(folder, config, target, toolchain)


def open_products(config: ModelConfig, target: Target, folder: Path, library: str = "") -> list[Library]:
    """The libraries of a products folder that was built before. Raises InputError where there are none."""
    libraries = find_libraries(folder, config.name, target, library)
    for found in libraries:
        if not found.archive.is_file():
            raise InputError(f"{found.archive}: there is no such library; build it first")
    return libraries


def prepare(libraries: Sequence[Library], toolchain: str, scratch: Path) -> Session:
    """Link a runner for every library, in folders of ``scratch``."""
    interfaces = read_interfaces(libraries[0].folder, libraries[0].name)
    weights, arena = interfaces[0].weights, interfaces[0].arena
    ram = arena + max(interface.traffic for interface in interfaces)
    runners = [
        build_runner(library, toolchain, weights, ram, scratch / library.target.name) for library in libraries
    ]
    return Session(tuple(interfaces), tuple(runners))


def run_cases(
    session: Session, runner: Runner, cases: Sequence[bytes], repeat: int = 1
) -> tuple[list[bytes], list[int]]:
    """Outputs of every case, and nanoseconds of the runs if there is more than one of each."""
    outputs, times = run_program(runner, b"".join(cases), repeat, session.shape_set)
    size = session.interface.output_bytes
    if len(outputs) != size * len(cases):
        raise RunError(
            f"{runner.target.name}: {len(outputs)} bytes of outputs instead of {size * len(cases)}"
        )
    return [outputs[i * size : (i + 1) * size] for i in range(len(cases))], times
