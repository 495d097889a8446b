"""Libraries built for several threads give the same bits as those for one, which in turn know nothing of threads."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from mgecc.compiler import build_programs
from mgecc.config import LibraryConfig, ModelConfig, load_cases, load_config
from mgecc.graph import Unsupported
from mgecc.planner import threads
from mgecc.targets import load_target
from mgecc.toolrun.emulators import launcher
from mgecc.toolrun.library import build_library
from mgecc.toolrun.products import compile_to_folder
from mgecc.toolrun.session import compile_and_build, prepare, run_cases
from mgecc.toolrun.sources import include_folder, runtime_folder, runtime_sources
from mgecc.toolrun.tensors import input_cases, read_interfaces

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import models

X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="runs what it builds on the build host")


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("networks")


def config_of(name: str, networks: Path) -> ModelConfig:
    return load_config(models.folder_of(name, networks) / "model.yaml")


def outputs(config: ModelConfig, counts: Sequence[int], target: str, folder: Path) -> list[bytes]:
    """What a model gives for each number of threads; all are in one library, whose kernels are compiled once."""
    assert config.verify.inputs
    models = tuple(replace(config, name=f"{config.name}_{count}", threads=count) for count in counts)
    library, machine = LibraryConfig(config.path, "threads", models), load_target(*target.split())
    compile_to_folder(library, machine.spec, machine.cpu, folder)
    (built,) = build_library(folder, library, machine, "zig")
    found = []
    for model in models:
        session = prepare([replace(built, name=model.name)], "zig", folder / model.name)
        case = input_cases(load_cases(config.verify.inputs), session.interface)[0]
        # Four runs, so that threads of one run meet the next.
        found.append(run_cases(session, session.runners[0], [case], 4)[0][0])
    return found


@pytest.mark.parametrize(
    "target",
    [
        *(pytest.param(f"x86_64 {cpu}", marks=X86) for cpu in ("v3", "v4-vnni")),
        *("arm64", "armv7", "arm64+dot", "arm64+i8mm"),
    ],
)
def test_threads_change_no_bit_of_quantised_networks(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher(load_target(*target.split()))
    monkeypatch.setattr(threads, "LEAST_WORK", 1)
    config = load_config(ROOT / "models" / "mnist_int8" / "model.yaml")
    alone, together = outputs(config, (1, 3), target, tmp_path)
    assert together == alone
    (apart,) = build_programs(replace(config, threads=3), load_target(*target.split()))
    whole = [c for c, before in zip(apart.calls, (None, *apart.calls)) if not (before and before.continues)]
    convolutions = [call for call in whole if call.kernel.symbol.startswith("qconv")]
    # With 16 lanes the first layers have a single vector of channels.
    assert sum(call.continues for call in convolutions) >= (1.0, 0.5)["v4" in target] * len(convolutions)


@pytest.mark.parametrize("target", [pytest.param("x86_64", marks=X86), "arm64", "armv7"])
@pytest.mark.parametrize("name", ["tiny_kws", "tiny_ic", "tiny_vww", "tiny_ad"])
def test_threads_change_no_bit(
    name: str, target: str, networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "LEAST_WORK", 1)
    config = config_of(name, networks)
    alone, *together = outputs(config, (1, 2, 3), target, tmp_path)
    assert together == [alone, alone]
    assert "_THREADS" not in (tmp_path / f"{name}_1.h").read_text()
    for count in (2, 3):
        assert f"_THREADS {count}\n" in (tmp_path / f"{name}_{count}.h").read_text()


def test_small_calls_stay_together(networks: Path) -> None:
    config = replace(config_of("tiny_ad", networks), threads=2)
    (program,) = build_programs(config, load_target("arm64"))
    assert program.max_chunks == 1  # its largest layer has 640 x 128 products


def symbols(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.rglob("*.o"):
        with path.open("rb") as file:
            found |= {s.name for s in ELFFile(file).get_section_by_name(".symtab").iter_symbols()}
    return found


def test_without_threads_nothing_of_them_is_built(networks: Path, tmp_path: Path) -> None:
    config = config_of("tiny_kws", networks)
    compile_and_build(config, load_target("arm64"), "zig", tmp_path)
    assert not {"mgecc_parallel", "mgecc_run_parallel"} & symbols(tmp_path / "obj")
    assert "parallel" not in (tmp_path / "tiny_kws.h").read_text()
    assert not any(call.continues for p in build_programs(config, load_target("arm64")) for call in p.calls)


@pytest.mark.parametrize("name", ["tiny_ic", "mobilenet_v1"])
def test_parts_together_do_the_work_of_the_whole(name: str, networks: Path) -> None:
    config, target = config_of(name, networks), replace(load_target("arm64"), cache=0)
    (alone,) = build_programs(config, target)
    (apart,) = build_programs(replace(config, threads=4), target)
    assert apart.max_chunks == 4 and alone.max_chunks == 1
    assert apart.kernels == alone.kernels
    assert sum(call.macs for call in apart.calls) == sum(call.macs for call in alone.calls)
    groups = len([call for call in apart.calls if not call.continues])
    assert groups == len(alone.calls) < len(apart.calls)
    assert apart.weights == alone.weights


def test_targets_without_a_system_have_no_threads(networks: Path) -> None:
    config = replace(config_of("tiny_kws", networks), threads=2)
    with pytest.raises(Unsupported, match="baremetal has no threads"):
        build_programs(config, load_target("baremetal"))


@X86
@pytest.mark.parametrize("sanitizer", ["thread", "address"])
@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc and its sanitizers: apt-get install gcc")
def test_the_pool_for_applications_runs_clean(sanitizer: str, networks: Path, tmp_path: Path) -> None:
    """POSIX threads around the host's libc; ThreadSanitizer sees every access of kernels and runtime."""
    config, root = replace(config_of("tiny_ic", networks), threads=3), runtime_folder()
    compile_to_folder(config, "x86_64", "", tmp_path)
    named = ['-DMG_MODEL_HEADER="tiny_ic.h"', "-DMG_MODEL=tiny_ic", "-DMG_ARENA_SIZE=TINY_IC_ARENA_SIZE"]
    ports = [root / "port/hosted/hosted.c", root / "port/hosted/pool.c"]
    sources = [*runtime_sources(threads=True), root / "runner/runner.c", *ports]
    includes = [f"-I{path}" for path in (tmp_path, include_folder(), root / "runner")]
    command = ["gcc", "-std=c11", "-g", "-O1", f"-fsanitize={sanitizer}", "-Wall", "-Wextra", "-Werror"]
    command += [*includes, *load_target("x86_64").cflags, *named, "-DMG_THREADS=TINY_IC_THREADS", "-pthread"]
    command += ["tiny_ic_kernels.c", "tiny_ic_blob.S", *map(str, sources), "-o", "runner"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert config.verify.inputs
    interface = read_interfaces(tmp_path)[0]
    (tmp_path / "in").write_bytes(input_cases(load_cases(config.verify.inputs), interface)[0])
    done = subprocess.run(
        ["./runner", "in", "out", "--repeat", "200"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
