"""Models with declared sizes on the command line: the sizes are those of the inputs, or several are tried."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import numpy as np
import pytest
from mgecc import cli

CORPUS = Path(__file__).resolve().parents[1] / "data" / "mge-corpus"
MODEL = """
model: net_unet.mge
name: unet
sizes: {n: 1..2, h: 8..16 step 4, w: 8..16 step 4}
inputs: {data: {shape: [n, 1, h, w]}}
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    shutil.copy(CORPUS / "net_unet.mge", tmp_path)
    (tmp_path / "model.yaml").write_text(MODEL)
    return tmp_path / "model.yaml"


def save(path: Path, *shape: int) -> str:
    np.savez(path, **{"in.data": np.random.default_rng(1).standard_normal(shape).astype(np.float32)})
    return str(path)


def test_inputs_decide_the_sizes(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs, out = save(model.with_name("in.npz"), 2, 1, 12, 16), model.with_name("out.npz")
    assert cli.main(["interpret", str(model), "--inputs", inputs, "--out", str(out)]) == 0
    assert capsys.readouterr().out == "mask: float32[1, 2, 2, 12, 16]\n"
    assert (
        cli.main(["interpret", str(model), "--inputs", save(model.with_name("odd.npz"), 1, 1, 12, 14)]) == 2
    )
    assert capsys.readouterr().err == "mgecc: error: w is 14; it goes from 8 to 16 in steps of 4\n"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="runs what it builds on the build host")
def test_verify_tries_several_sizes_and_run_takes_the_given_ones(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["verify", str(model), "--target", "x86_64"]) == 0
    titles = [line for line in capsys.readouterr().out.splitlines() if line.startswith("unet on ")]
    assert titles[0] == "unet on x86_64 with n=1, h=8, w=8, 1 case:" and len(titles) == 9
    inputs, out = save(model.with_name("in.npz"), 2, 1, 12, 16), model.with_name("out.npz")
    words = ["run", str(model), "--target", "x86_64", "--input", inputs, "--output", str(out)]
    assert cli.main(words) == 0
    with np.load(out) as arrays:
        assert arrays["out.0"].shape == (1, 2, 2, 12, 16)
