"""What MegEngine's dump wrote in the place of something else is computed as it stands, and told."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from mgecc.compiler import compile_model
from mgecc.config import ModelConfig

sys.path.insert(0, str(Path(__file__).parents[1] / "frontends"))

from mge_writer import MgeFile


def notes(tmp_path: Path, m: MgeFile, output: int) -> tuple[str, ...]:
    path = tmp_path / "net.mge"
    path.write_bytes(m.bytes(output))
    (program,) = compile_model(ModelConfig(path, "net", path), "x86_64").programs
    return program.notes


@pytest.mark.parametrize("swapped", [False, True])
def test_a_clip_with_one_bound_is_told(tmp_path: Path, swapped: bool) -> None:
    m = MgeFile()
    bound, inner, outer = m.constant(np.float32(0.25)), *(("MIN", "MAX") if swapped else ("MAX", "MIN"))
    lower = m.record("Elemwise", [m.input("x", 6), bound], mode=inner)
    clip = m.record("Elemwise", [bound, lower], "clip", mode=outer)
    (note,) = notes(tmp_path, m, clip)
    assert note.startswith("clip (Elemwise, record ")
    assert "both of its bounds are 0.25" in note


def test_a_sign_that_was_turned_is_told(tmp_path: Path) -> None:
    m = MgeFile()
    x, zero = m.input("x", 6), m.constant(np.float32(0.0))
    sides = [m.record("Elemwise", pair, mode="LT") for pair in ([x, zero], [zero, x])]
    (note,) = notes(tmp_path, m, m.record("Elemwise", sides, "sign", mode="SUB"))
    assert note.startswith("sign (Elemwise, record ")
    assert "the opposite of a sign" in note


def test_clips_and_signs_that_are_right_are_not_told(tmp_path: Path) -> None:
    m = MgeFile()
    x, zero = m.input("x", 6), m.constant(np.float32(0.0))
    sides = [m.record("Elemwise", pair, mode="LT") for pair in ([zero, x], [x, zero])]
    sign = m.record("Elemwise", sides, mode="SUB")
    lower = m.record("Elemwise", [sign, m.constant(np.float32(-0.5))], mode="MAX")
    assert notes(tmp_path, m, m.record("Elemwise", [lower, m.constant(np.float32(0.5))], mode="MIN")) == ()
