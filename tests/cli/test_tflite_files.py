"""Every command takes a TensorFlow Lite file; recorded arrays may have the names of its tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mgecc import cli
from mgecc.config import save_cases
from tflite_writer import TfliteFile

X = np.arange(12, dtype=np.float32).reshape(4, 1, 3)
COMMANDS: dict[str, list[str]] = {
    "check": ["--target", "armv7"],
    "compile": ["--target", "x86_64", "--no-library", "--out", "products"],
    "import": [],
    "interpret": ["--inputs", "net.npz", "--out", "found.npz"],
    "kernel": ["--target", "x86_64"],
    "opt": [],
    "run": ["--target", "x86_64", "--input", "net.npz"],
    "verify": ["--target", "x86_64", "--inputs", "net.npz", "--expected", "net.npz"],
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A running sum, whose cases are consecutive runs."""
    monkeypatch.chdir(tmp_path)
    m = TfliteFile()
    x = m.input("serving_x:0", [1, 3])
    options = ("VarHandleOptions", {"shared_name": "sum"})
    v = m.op("VAR_HANDLE", [], m.tensor([], "RESOURCE"), options=options)
    old = m.op("READ_VARIABLE", [v], m.tensor([1, 3]))
    new = m.op("ADD", [old, x], m.tensor([1, 3]), options=("AddOptions", {}))
    m.op("ASSIGN_VARIABLE", [v, new])
    y = m.op("NEG", [new], m.tensor([1, 3]))
    m.sign({"x": x}, {"y": y})
    (tmp_path / "net.tflite").write_bytes(m.bytes(y))
    return tmp_path


@pytest.mark.parametrize("key", ["in.x", "in.serving_x:0"])
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_takes_it(command: str, key: str) -> None:
    save_cases("net.npz", {key: X, "out.0": -np.cumsum(X, 0)})
    assert cli.main([command, "net.tflite", *COMMANDS[command]]) == 0


def test_cases_are_consecutive_runs() -> None:
    save_cases("net.npz", {"in.x": X, "out.0": -X})
    assert cli.main(["verify", "net.tflite", *COMMANDS["verify"]]) == 1
    assert cli.main(["interpret", "net.tflite", *COMMANDS["interpret"]]) == 0
    with np.load("found.npz") as found:
        np.testing.assert_array_equal(found["out.0"], -np.cumsum(X, 0))


def test_a_configuration_takes_it_too(folder: Path) -> None:
    save_cases("net.npz", {"in.x": X, "out.0": -np.cumsum(X, 0)})
    (folder / "model.yaml").write_text("model: net.tflite\nverify: {inputs: net.npz, expected: net.npz}\n")
    assert cli.main(["verify", "model.yaml", "--target", "x86_64"]) == 0
