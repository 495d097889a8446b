"""Kernels and runtime of whole networks under AddressSanitizer and UBSan, with vectors and in plain C."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batches import NAME, compile_batch, in_batch, selected_cases
from mgecc.config import LibraryConfig, ModelConfig, Verify
from mgecc.targets import Target, load_target
from mgecc.toolrun.bind_sizes import sample, with_sizes
from mgecc.toolrun.sources import include_folder, runner_main, runtime_folder, runtime_sources
from mgecc.toolrun.tensors import Interface, input_cases, output_arrays
from mgecc.toolrun.verify import compare_outputs
from mgecc.toolrun.verify_sizes import meaning, random_inputs
from test_declared_sizes import CASES, config

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
LIMITS = {case["name"]: case for case in json.loads((CORPUS / "manifest.json").read_text())}
MODELS = (
    "net_mobilenet_se", "net_resnet_batch4", "net_shufflenet", "net_transformer", "net_unet", "net_detector",
    "net_sequence", "quant_int8", "quant_uint8", "fp16_ioc16", "conv2d_group", "adaptive_pooling", "resize",
    "warp_modes", "roi_pooling_align", "advanced_indexing", "set_subtensor", "padding", "group_norm", "rnn",
)  # fmt: skip
SANITIZERS = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-ffp-contract=off"]

pytestmark = [
    pytest.mark.skipif(
        shutil.which("gcc") is None, reason="needs gcc and its sanitizers: apt-get install gcc"
    ),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="runs what it builds on the build host"),
]


@dataclass(frozen=True)
class Sanitised:
    """The runner with the host's libc and sanitizers, around the generated kernels of several models."""

    program: Path
    interfaces: dict[str, Interface]

    def run(self, name: str, cases: bytes, folder: Path, *words: str) -> bytes:
        (folder / "in").write_bytes(cases)
        command = [self.program, "in", "out", "--shape-set", str([*self.interfaces].index(name)), *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:2000]
        return (folder / "out").read_bytes()


def build(models: Sequence[ModelConfig], target: Target, folder: Path, shared: Path) -> Sanitised:
    root = runtime_folder()
    interfaces = compile_batch(LibraryConfig(folder, NAME, tuple(models)), target, folder, shared)
    (folder / "main.c").write_text(runner_main(NAME, has_sizes := any(model.sizes for model in models)))
    sources = [*runtime_sources(has_sizes), root / "port/hosted/hosted.c"]
    blobs = [f"{model.name}_blob.S" for model in models]
    includes = [f"-I{path}" for path in (folder, include_folder(), root / "runner")]
    machine = target.cflags if target.machine == "x86_64" else ()
    command = ["gcc", "-std=c11", *SANITIZERS, *includes, *machine, "main.c", f"{NAME}_kernels.c"]
    command += [*blobs, *map(str, sources), "-o", "runner"]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:2000]
    return Sanitised(folder / "runner", interfaces)


@pytest.fixture
def sanitised(
    request: pytest.FixtureRequest, name: str, target: str, shared_folder: Path
) -> Callable[[Callable[[str], ModelConfig]], Sanitised]:
    """Makes a program with the model of a test, by a function from names, and those of the others for its target."""

    machine, folder = load_target(target), shared_folder / "sanitised"

    def program(config_of: Callable[[str], ModelConfig]) -> Sanitised:
        others = [config_of(case["name"]) for case in selected_cases(request, target)]
        make = partial(build, target=machine, shared=shared_folder)
        return in_batch(
            config_of(name), others, machine, folder, lambda models, own: make(models, folder=own)
        )

    return program


def sized_config(name: str) -> ModelConfig:
    case = next(case for case in CASES if case.name == name)
    return replace(config(case), name=name)


def recorded_config(name: str) -> ModelConfig:
    path = CORPUS / f"{name}.mge"
    return ModelConfig(path, name, path)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("target", ["x86_64", "baremetal"])
def test_network_runs_clean_and_right(name: str, target: str, sanitised: Any, tmp_path: Path) -> None:
    with np.load(CORPUS / f"{name}.npz") as arrays:
        recorded = {key: arrays[key] for key in arrays.files}
    program = sanitised(recorded_config)
    interface = program.interfaces[name]
    out = program.run(name, b"".join(input_cases(recorded, interface)), tmp_path)
    got = output_arrays([out], interface)
    limits = Verify(rtol=LIMITS[name]["rtol"], atol=LIMITS[name]["atol"])
    assert all(error.ok for error in compare_outputs(interface.outputs, got, recorded, limits))


@pytest.mark.parametrize("name", ["net_unet", "net_detector", "net_sequence"])
@pytest.mark.parametrize("target", ["x86_64", "baremetal"])
def test_network_of_declared_sizes_runs_clean_and_right(
    name: str, target: str, sanitised: Any, tmp_path: Path
) -> None:
    program = sanitised(sized_config)
    whole = program.interfaces[name]
    for numbers in sample(whole.sizes):
        interface = with_sizes(whole, numbers)
        arrays = random_inputs(interface)
        words = ["--sizes", "x".join(str(numbers[size.name]) for size in whole.sizes)]
        out = program.run(name, b"".join(input_cases(arrays, interface)), tmp_path, *words)
        expected = meaning(sized_config(name).with_sizes(numbers), arrays)
        got, limits = output_arrays([out], interface), Verify(max_abs_of_peak=1e-4)
        found = compare_outputs(interface.outputs, got, expected, limits)
        assert all(error.ok for error in found), (numbers, found)
