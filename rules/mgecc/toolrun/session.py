"""One model made ready to run on one target: compiled or taken from its products folder, linked, and run."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mgecc.config import ModelConfig
from mgecc.errors import InputError
from mgecc.targets import Target
from mgecc.toolrun.bind_sizes import sizes_of, with_sizes
from mgecc.toolrun.library import Library, build_library, find_libraries
from mgecc.toolrun.products import compile_to_folder
from mgecc.toolrun.progress import waiting
from mgecc.toolrun.runner import RunError, Runner, build_runner, run_program
from mgecc.toolrun.tensors import Arrays, Interface, fitting, read_interfaces


@dataclass(frozen=True)
class Session:
    """Runners of a model, one per kernel set, and its inputs and outputs.

    ``interfaces``: for each set of input shapes. ``shape_set``: the one that is used. ``numbers``: declared sizes.
    ``folder``: of the products.
    """

    interfaces: tuple[Interface, ...]
    runners: tuple[Runner, ...]
    shape_set: int = 0
    numbers: tuple[tuple[str, int], ...] = ()
    folder: Path = Path()

    @property
    def interface(self) -> Interface:
        interface = self.interfaces[self.shape_set]
        return with_sizes(interface, dict(self.numbers)) if self.numbers else interface

    @property
    def words(self) -> list[str]:
        """What tells the program its shapes."""
        sizes = "x".join(str(n) for _, n in self.numbers)
        sets = ["--shape-set", str(self.shape_set)] if self.shape_set else []
        return sets + (["--sizes", sizes] if sizes else [])

    def sized(self, numbers: Mapping[str, int]) -> Session:
        """This session with these declared sizes."""
        order = [size.name for size in self.interfaces[self.shape_set].sizes]
        return replace(self, numbers=tuple((name, numbers[name]) for name in order))

    def fitting(self, inputs: Arrays) -> Session:
        """This session with the set of input shapes, or the sizes, that recorded inputs have. Raises InputError."""
        if self.interfaces[0].sizes:
            return self.sized(sizes_of(inputs, self.interfaces[0]))
        return replace(self, shape_set=fitting(inputs, self.interfaces))


def compile_and_build(config: ModelConfig, target: Target, toolchain: str, folder: Path) -> list[Library]:
    """Compile a model into ``folder`` and build its libraries there."""
    with waiting(f"{config.name}: compiling for {target.name}"):
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
    kinds = bool(interfaces[0].sizes), any(interface.is_bound for interface in interfaces)
    runners = [
        build_runner(library, toolchain, weights, ram, scratch / library.target.name, *kinds)
        for library in libraries
    ]
    return Session(tuple(interfaces), tuple(runners), folder=libraries[0].folder)


def linked_session(config: ModelConfig, target: Target, folder: Path, program: Path) -> Session:
    """A runner that was linked elsewhere, with the products it was linked with in ``folder``. Raises InputError.

    Plain C of a target without a system is taken to have been compiled for this machine.
    """
    try:
        interfaces = read_interfaces(folder, config.name)
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}") from None
    bare = target.system == "none"
    machine = replace(target, machine=platform.machine(), emulator=(), host_flags=()) if bare else target
    return Session(tuple(interfaces), (Runner(program, machine),), folder=folder)


def run_cases(
    session: Session, runner: Runner, cases: Sequence[bytes], repeat: int = 1
) -> tuple[list[bytes], list[int]]:
    """Outputs of every case, and nanoseconds of the runs if there is more than one of each."""
    with waiting(f"{runner.target.name}: running {len(cases)} cases"):
        outputs, times = run_program(runner, b"".join(cases), repeat, session.words)
    size = session.interface.output_bytes
    if len(outputs) != size * len(cases):
        raise RunError(
            f"{runner.target.name}: {len(outputs)} bytes of outputs instead of {size * len(cases)}"
        )
    return [outputs[i * size : (i + 1) * size] for i in range(len(cases))], times
