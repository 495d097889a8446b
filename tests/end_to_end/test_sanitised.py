"""Kernels and runtime of whole networks under AddressSanitizer and UBSan, with vectors and in plain C."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from mgecc.config import ModelConfig, Verify
from mgecc.targets import Target, load_target
from mgecc.toolrun.products import compile_to_folder
from mgecc.toolrun.sized import meaning, random_inputs
from mgecc.toolrun.sizes import sample, with_sizes
from mgecc.toolrun.sources import include_folder, runtime_folder, runtime_sources
from mgecc.toolrun.tensors import input_cases, output_arrays, read_interfaces
from mgecc.toolrun.verify import compare_outputs

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
LIMITS = {case["name"]: case for case in json.loads((CORPUS / "manifest.json").read_text())}
MODELS = (
    "net_mobilenet_se", "net_resnet_batch4", "net_shufflenet", "net_transformer", "net_unet", "net_detector",
    "net_sequence", "quant_int8", "quant_uint8", "fp16_ioc16", "conv2d_group", "adaptive_pooling", "resize",
    "warp_modes", "roi_pooling_align", "advanced_indexing", "set_subtensor", "padding", "group_norm", "rnn",
)  # fmt: skip
SANITIZERS = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-ffp-contract=off"]

pytestmark = [
    pytest.mark.skipif(
        shutil.which("gcc") is None, reason="needs gcc and its sanitizers: apt-get install gcc"
    ),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="runs what it builds on the build host"),
]


def build(folder: Path, name: str, target: Target, sizes: bool = False) -> Path:
    """The runner with the host's libc and sanitizers, around the generated kernels of ``target``."""
    root = runtime_folder()
    model = [
        *(["-DMG_SIZES"] if sizes else []),
        f'-DMG_MODEL_HEADER="{name}.h"',
        f"-DMG_MODEL={name}",
        f"-DMG_ARENA_SIZE={name.upper()}_ARENA_SIZE",
    ]
    sources = [*runtime_sources(sizes), root / "runner/runner.c", root / "port/hosted/hosted.c"]
    includes = [f"-I{path}" for path in (folder, include_folder(), root / "runner")]
    machine = target.cflags if target.machine == "x86_64" else ()
    command = ["gcc", "-std=c11", *SANITIZERS, *includes, *machine, *model]
    command += [f"{name}_kernels.c", f"{name}_blob.S", *map(str, sources), "-o", "runner"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "runner"


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("target", ["x86_64", "baremetal"])
def test_network_runs_clean_and_right(name: str, target: str, tmp_path: Path) -> None:
    path = CORPUS / f"{name}.mge"
    compile_to_folder(ModelConfig(path, name, path), target, "", tmp_path)
    runner = build(tmp_path, name, load_target(target))
    with np.load(CORPUS / f"{name}.npz") as arrays:
        recorded = {key: arrays[key] for key in arrays.files}
    interface = read_interfaces(tmp_path)[0]
    (tmp_path / "in").write_bytes(b"".join(input_cases(recorded, interface)))
    done = subprocess.run([runner, "in", "out"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:2000]
    got = output_arrays([(tmp_path / "out").read_bytes()], interface)
    limits = Verify(rtol=LIMITS[name]["rtol"], atol=LIMITS[name]["atol"])
    assert all(error.ok for error in compare_outputs(interface.outputs, got, recorded, limits))


@pytest.mark.parametrize("name", ["net_unet", "net_detector", "net_sequence"])
@pytest.mark.parametrize("target", ["x86_64", "baremetal"])
def test_network_of_declared_sizes_runs_clean_and_right(name: str, target: str, tmp_path: Path) -> None:
    from test_declared_sizes import CASES, config

    model = config(next(case for case in CASES if case.name == name))
    compile_to_folder(model, target, "", tmp_path)
    runner = build(tmp_path, name, load_target(target), sizes=True)
    whole = read_interfaces(tmp_path)[0]
    for numbers in sample(whole.sizes):
        interface = with_sizes(whole, numbers)
        arrays = random_inputs(interface)
        (tmp_path / "in").write_bytes(b"".join(input_cases(arrays, interface)))
        words = ["in", "out", "--sizes", "x".join(str(numbers[size.name]) for size in whole.sizes)]
        done = subprocess.run([runner, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:2000]
        got = output_arrays([(tmp_path / "out").read_bytes()], interface)
        expected = meaning(model.with_sizes(numbers), arrays)
        found = compare_outputs(interface.outputs, got, expected, Verify(max_abs_of_peak=1e-4))
        assert all(error.ok for error in found), (numbers, found)
