"""Programs with the kernels of many models, which run them with forged weights (forge.c)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path

from foreign import foreign_models
from kept import kept_programs
from mgecc.compiler import build_programs
from mgecc.config import ModelConfig, load_config
from mgecc.emit.blob import write_blob
from mgecc.emit.sources import blob_s, kernels_c
from mgecc.graph import CompileError
from mgecc.kernels import Kernel
from mgecc.planner import Program
from mgecc.planner.program import ProgramCall
from mgecc.targets import Target, load_target
from mgecc.toolrun.sources import include_folder, runtime_folder, runtime_sources

_DATA = Path(__file__).parents[1] / "data"
_HEAD = """#include "mgecc.h"
struct forged_model {
    const char *name;
    const mgecc_kernels *kernels;
    const unsigned char *blob;
    const uint32_t *size;
};
"""


def weights_of(call: ProgramCall) -> dict[str, str]:
    """Operands of a call that lie in the weights, with their C types."""
    pairs = zip(call.kernel.operands, call.operands, strict=True)
    return {name: ctype for (name, ctype), ref in pairs if ref is not None and ref.space == "weights"}


def machine(target_name: str) -> Target:
    """The target of a name as tests have it: ``arm64+dot``, or ``x86_64 v4`` with its CPU."""
    return load_target(*target_name.split())


def _configs(shared: Path) -> Iterator[ModelConfig]:
    """The networks of the folder MGECC_FORGED_MODELS, or every model of the corpus and of the tests' networks, those
    of other formats too.
    """
    if "MGECC_FORGED_MODELS" in os.environ:
        files = sorted(Path(os.environ["MGECC_FORGED_MODELS"]).glob("*/model.yaml"))
        yield from map(load_config, files)
        return
    for path in sorted([*_DATA.glob("mge-corpus/*.mge"), *_DATA.glob("networks/*.mge")]):
        yield ModelConfig(path, path.stem, path)
    yield from foreign_models(shared)


@cache
def all_programs(target_name: str, shared: Path) -> tuple[Program, ...]:
    """Every one of these models that compiles for the target."""
    target, found = machine(target_name), list[Program]()
    for config in _configs(shared):
        try:
            found += kept_programs(config, target, shared, partial(build_programs, config, target))
        except CompileError:
            continue
    return tuple(found)


def _readers(program: Program) -> set[Kernel | str]:
    """Templates that read weights, and one by one the kernels that take addresses from them."""
    readers = [call.kernel for call in program.calls if weights_of(call)]
    return {kernel if kernel.tables else kernel.template for kernel in readers}


def few_programs(target_name: str, shared: Path) -> list[Program]:
    """Models that together read weights in every way in which all of them do, with few kernels."""
    reads = [(program, _readers(program)) for program in all_programs(target_name, shared)]
    left, found = set().union(*(readers for _, readers in reads)), []
    while left:
        best, readers = max(reads, key=lambda row: len(row[1] & left) / (8 + len(row[0].kernels)))
        left -= readers
        found.append(best)
    return found


def _forge_h(names: Iterable[str]) -> str:
    externs = "".join(
        f"extern const mgecc_kernels {n}_kernels;\nextern const unsigned char {n}_blob[];\n"
        f"extern const uint32_t {n}_blob_size;\n"
        for n in names
    )
    rows = "".join(f'    {{"{n}", &{n}_kernels, {n}_blob, &{n}_blob_size}},\n' for n in names)
    return f"{_HEAD}{externs}static const struct forged_model forged_models[] = {{\n{rows}    {{0}},\n}};\n"


def build(programs: Sequence[Program], target: Target, command: Sequence[str], folder: Path) -> Path:
    """A program that attacks these models; ``command``: a compiler with libc and its flags."""
    for program in programs:
        (folder / f"{program.name}.blob").write_bytes(write_blob([program], [target]))
    (folder / "kernels.c").write_text(kernels_c(programs[0], target, *programs[1:]), encoding="utf-8")
    (folder / "blobs.S").write_text("\n".join(blob_s(p.name) for p in programs), encoding="utf-8")
    (folder / "forge.h").write_text(_forge_h([p.name for p in programs]), encoding="utf-8")
    includes = [f"-I{path}" for path in (folder, include_folder(), runtime_folder() / "src")]
    own = [Path(__file__).with_name("forge.c"), "kernels.c", "blobs.S", *runtime_sources()]
    command = [*command, "-std=gnu11", "-O1", "-ffp-contract=off", *includes, *map(str, own), "-o", "forge"]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "forge"
