"""The networks for measuring compute what their scripts say, and are the same files wherever they are written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from mgecc.config import load_cases, load_config
from mgecc.targets import load_target
from mgecc.toolrun.session import compile_and_build, prepare
from mgecc.toolrun.verify import verify

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import ideal

import models


@pytest.mark.parametrize("name", models.names())
def test_built_networks_give_the_outputs_that_their_scripts_computed(name: str, tmp_path: Path) -> None:
    config = load_config(models.folder_of(name, tmp_path) / "model.yaml")
    given, expected = config.verify.inputs, config.verify.expected
    assert given and expected
    libraries = compile_and_build(config, load_target("x86_64", "v3"), "zig", tmp_path / "products")
    session = prepare(libraries, "zig", tmp_path / "runner")
    errors = verify(session, load_cases(given), load_cases(expected), config.verify)
    assert all(error.outside == 0 for found in errors.values() for error in found)


def test_networks_are_written_once_and_alike(tmp_path: Path) -> None:
    first = models.folder_of("mobilenet_v1_int8", tmp_path / "a") / "mobilenet_v1_int8.mge"
    written = first.stat().st_mtime_ns
    models.folder_of("mobilenet_v1_int8", tmp_path / "a")
    second = models.folder_of("mobilenet_v1_int8", tmp_path / "b") / "mobilenet_v1_int8.mge"
    assert first.stat().st_mtime_ns == written
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("kernel", "target", "lanes"),
    [
        ("conv_f32_tile_s1", "arm64", 4),
        ("conv_f16_tile_s1", "arm64+fp16", 8),
        ("conv_f16_tile_s1", "arm64", 4),
        ("qconv_s8_tile_s1", "armv7", 8),
        ("qconv_s8dot_tile_s1", "arm64+dot", 16),
        ("qconv_s8_tile_s1", "arm64+dot+i8mm", 32),
    ],
)
def test_ideal_follows_the_targets_features(kernel: str, target: str, lanes: int) -> None:
    assert ideal.macs_per_instruction(kernel, load_target(target)) == lanes
    rows = [{"kernel": kernel, "macs": 64 * lanes}, {"kernel": "copy", "macs": 0}]
    assert ideal.ideal_instructions(rows, load_target(target)) == 64
