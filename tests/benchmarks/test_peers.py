"""The comparison with other engines: what it needs no other engine for."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "peers")]

import compare
import environment
import model_files
import sizes
from mgecc.config import load_cases, load_config
from mgecc.targets import load_target
from mgecc.toolrun.session import compile_and_build

import models


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("peers")
    config = load_config(models.folder_of("tiny_kws", folder) / "model.yaml")
    compile_and_build(config, load_target("x86_64", "v3"), "zig", folder / "mgecc-v3")
    assert config.verify.inputs
    np.savez(folder / "inputs.npz", data=load_cases(config.verify.inputs)["in.data"][0])
    return folder


def test_a_worker_times_runs_and_gives_the_outputs(products: Path) -> None:
    worker = compare.Worker("mgecc", products, Path(sys.executable), str(products / "mgecc-v3"))
    worker.round(nanoseconds=1e6)
    worker.round(nanoseconds=1e6)
    figures = worker.finish()
    expected = np.load(products / "tiny_kws" / "expected.npz")["out.0"][0]
    assert np.abs(np.load(worker.output) - expected).max() < 1e-5
    assert figures["runs"] >= 2 * compare.LEAST and 0 < figures["least_ns"] <= figures["median_ns"]


def test_mgecc_may_be_named_among_the_engines() -> None:
    assert compare.engines("litert,mgecc") == ["litert"] and compare.engines("mgecc") == []
    assert "litert" in compare.engines() and "mgecc" not in compare.engines()


def test_an_engine_that_does_not_load_says_why(products: Path) -> None:
    with pytest.raises(environment.Missing, match="report.json"):
        compare.Worker("mgecc", products, Path(sys.executable), str(products / "nowhere"))


def test_libraries_allocate_nothing_and_open_faster_without_the_checksum(products: Path) -> None:
    found = sizes.products_figures(products / "mgecc-v3", "tiny_kws")
    assert found["allocators"] == []
    assert 0 < found["open_without_crc_ns"] < found["open_ns"]
    assert found["code_bytes"] == found["kernel_bytes"] + found["runtime_bytes"] < 64 << 10
    assert found["weights"] < found["blob_bytes"]


def test_model_files_are_compared_as_they_are(tmp_path: Path) -> None:
    folder = BENCHMARKS.parent / "models" / "tiny_resnet"
    config = model_files.config_of_file(folder / "tiny_resnet.tflite")
    model_files.prepare_file(config, tmp_path)
    assert (tmp_path / "model.tflite").read_bytes() == config.model.read_bytes()
    compile_and_build(config, load_target("x86_64", "v3"), "zig", tmp_path / "mgecc-v3")
    worker = compare.Worker("mgecc", tmp_path, Path(sys.executable), str(tmp_path / "mgecc-v3"))
    worker.round(nanoseconds=1e6)
    worker.finish()
    expected = load_cases(folder / "expected.npz")["out.0"][0]
    assert np.load(worker.output).tolist() == expected.astype(np.float32).tolist()


def test_shapes_that_a_file_leaves_open_are_those_of_the_inputs_beside_it(tmp_path: Path) -> None:
    folder = BENCHMARKS.parent / "models" / "pulsevad_int8"
    config = model_files.config_of_file(folder / "pulsevad_int8.onnx")
    assert config.inputs["log_mel"].shape == (1, 64, 21)
    (tmp_path / "alone").mkdir()
    alone = tmp_path / "alone" / "model.tflite"
    alone.write_bytes((BENCHMARKS.parent / "models/okay_nabu/okay_nabu.tflite").read_bytes())
    config = model_files.config_of_file(alone)
    model_files.prepare_file(config, tmp_path)
    assert config.name == "alone"
    with np.load(tmp_path / "inputs.npz") as made:
        assert made["input_audio"].shape == (1, 3, 40) and made["input_audio"].dtype == np.int8


def test_missing_engines_stand_in_the_table() -> None:
    row = {"version": "1.0", "least_ns": 2e6, "median_ns": 3e6, "runs": 40, "apart": 0.0, "peak_bytes": 1e6,
           "code_bytes": 2000, "load_ns": 1e6}  # fmt: skip
    engines = {"mgecc v3": row, "other": row | {"least_ns": 4e6}}
    said = compare.table({"net": {"engines": engines, "missing": {"third": "there is no python3.10"}}})
    assert "| net | mgecc v3 1.0 | 2.000 | 3.000 | 0.50 |" in said
    assert "| net | third | missing: there is no python3.10 |" in said


def test_own_builds_have_a_table_of_sizes_and_opening(products: Path) -> None:
    row = sizes.products_figures(products / "mgecc-v3", "tiny_kws")
    said = compare.own_table({"net": {"engines": {"mgecc v3": row, "other": {}}}})
    assert f"| net | mgecc v3 | {row['runtime_bytes']} | {row['kernel_bytes']} |" in said
    assert said.rstrip().endswith("| none |")


def test_models_that_other_engines_cannot_get_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(compare, "BUILD", tmp_path)
    converter = tmp_path / "python"
    converter.write_text("#!/bin/sh\necho 'no ONNX for the operator Cumsum' >&2; exit 1\n")
    converter.chmod(0o755)
    monkeypatch.setattr(compare, "interpreter", lambda engine: converter)
    config = load_config(models.folder_of("tiny_ad", tmp_path) / "model.yaml")
    found = compare.compare(config, argparse.Namespace())
    assert found == {"engines": {}, "missing": {"all": "no ONNX for the operator Cumsum"}}
