"""What is built needs no more instructions, code, weights and memory than the committed figures say."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from mgecc.targets import load_target
from mgecc.toolrun.emulators import EmulatorMissing
from mgecc.toolrun.products import read_config

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import bench
import count_model

EMULATORS = {"arm64": "qemu-aarch64", "armv7": "qemu-arm"}  # cores have boards
ROWS = [(model, target) for model, rows in bench.committed().items() for target in rows]
SMALL: bench.Row = {
    "instructions": 1000,
    "code": 100,
    "weights": 10,
    "arena": 10,
    "kernels": {"a": 600, "b": 400},
    "layers": {"first": 700, "last": 300},
}


@pytest.mark.parametrize(("model", "target"), ROWS, ids=[f"{model}-{target}" for model, target in ROWS])
def test_models_stay_as_fast_and_small_as_committed(model: str, target: str) -> None:
    emulator = EMULATORS.get(target.split("+")[0], "qemu-system-arm")
    if not shutil.which(emulator):
        why = "apt-get install qemu-user (static builds load no plugins)"
        raise EmulatorMissing(f"{emulator} is missing: {why}")
    if not shutil.which("cc"):
        pytest.skip("cc is missing: apt-get install gcc")
    problems = bench.check(model, target)
    advice = f"if that is meant: python benchmarks/bench.py {model} --write"
    assert not problems, "\n".join([f"{model} on {target}:", *problems, advice])


def test_growth_is_told_with_the_kernels_and_layers_that_moved_it() -> None:
    grown = {**SMALL, "instructions": 1200, "kernels": {"a": 850, "b": 350}}
    kernels = ["  +250 kernel a", "  -50 kernel b"]
    assert bench.worse(SMALL, grown) == ["instructions: 1000 -> 1200", *kernels]
    calls = [("first", 450), ("first", 150), ("last", 600)]
    grown["by_layer"] = [{"layer": name, "instructions": n} for name, n in calls]
    layers = ["  +300 layer last", "  -100 layer first"]
    assert bench.worse(SMALL, grown) == ["instructions: 1000 -> 1200", *kernels, *layers]
    assert bench.worse(SMALL, {**SMALL, "arena": 11}) == ["arena: 10 -> 11"]
    assert bench.worse({**SMALL, "stack": 400}, {**SMALL, "stack": 440}) == ["stack: 400 -> 440"]


def test_layers_are_measured_where_a_model_grew(monkeypatch: pytest.MonkeyPatch) -> None:
    """On one target of two: the other one is as it was."""
    asked = []

    def measured(model: str, target: str, layers: bool = False) -> bench.Row:
        asked.append((target, layers))
        if target == "armv7":
            return SMALL
        calls = {"by_layer": [{"layer": "last", "instructions": 1100}]} if layers else {}
        return {**SMALL, "instructions": 1800, "kernels": {"a": 1400, "b": 400}, **calls}

    monkeypatch.setattr(bench, "committed", lambda: {"net": {"arm64": SMALL, "armv7": SMALL}})
    monkeypatch.setattr(bench, "measure_model", measured)
    assert "  +800 layer last" in bench.check("net", "arm64")
    assert bench.check("net", "armv7") == [] == bench.check("net", "arm64+dot")
    assert asked == [("arm64", False), ("arm64", True), ("armv7", False)]


@pytest.mark.skipif(not shutil.which("qemu-system-arm"), reason="apt-get install qemu-system-arm")
@pytest.mark.parametrize("model", ["digits", "digits_int8"])
def test_sizes_come_apart_and_cortex_m_is_counted_too(model: str) -> None:
    row = bench.measure_model(model, "baremetal", layers=True)
    assert 2 < row["instructions"] / row["macs"] < 4
    assert row["ideal"] == row["macs"] / (2 if model == "digits_int8" else 1)  # SMLAD
    assert row["kernel_code"].keys() == row["kernels"].keys() and all(row["kernel_code"].values())
    rest = row["code"] - row["runtime"] - sum(row["kernel_code"].values())
    assert 0 <= rest < 1024  # the table of kernels, opening, and constants that kernels share
    assert row["weights"] < row["blob"] < row["weights"] + 4096
    assert 100 < row["stack"] < 1024


@pytest.mark.skipif(not shutil.which("qemu-system-arm"), reason="apt-get install qemu-system-arm")
def test_a_model_file_alone_is_counted_with_random_numbers() -> None:
    path = ROOT / "models" / "okay_nabu" / "okay_nabu.tflite"
    found = count_model.measure(read_config(path), load_target("baremetal"), "zig")
    assert 1 < found.instructions / found.macs < 20 and found.kernels


def test_shrinking_and_hardly_growing_is_no_problem() -> None:
    assert bench.worse(SMALL, {**SMALL, "instructions": 1004, "code": 50}) == []
