"""Models that are built for little memory give the same outputs as those built for speed, to the last bit."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from mgecc.config import ModelConfig, load_cases, load_config
from mgecc.targets import load_target
from mgecc.toolrun.session import compile_and_build, prepare, run_cases
from mgecc.toolrun.tensors import input_cases

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import models


def built(config: ModelConfig, target: str, folder: Path) -> tuple[list[bytes], int]:
    """Outputs of the recorded cases and bytes of the arena."""
    libraries = compile_and_build(config, load_target(target), "zig", folder / "products")
    session = prepare(libraries, "zig", folder / "runner")
    assert config.verify.inputs is not None
    cases = input_cases(load_cases(config.verify.inputs), session.interface)
    return run_cases(session, session.runners[0], cases)[0], session.interface.arena


@pytest.mark.parametrize(
    ("name", "target", "part"),
    [
        ("tiny_vww", "arm64", 0.9),
        ("mobilenet_int8", "x86_64", 0.7),
        ("tiny_resnet", "arm64", 0.8),
        ("tiny_resnet", "cortex-m0", 0.8),
        ("tiny_resnet", "cortex-m4", 0.8),
        ("tiny_resnet", "cortex-m55", 0.8),
    ],
)
def test_less_memory_changes_no_bit(name: str, target: str, part: float, tmp_path: Path) -> None:
    folder = models.folder_of(name, tmp_path) if name in models.names() else ROOT / "models" / name
    config = load_config(folder / "model.yaml")
    fast, most = built(config, target, tmp_path / "speed")
    small, least = built(replace(config, optimize="memory"), target, tmp_path / "memory")
    assert small == fast
    assert least < part * most
