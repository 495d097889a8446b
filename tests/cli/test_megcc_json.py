"""A JSON of several models: every problem under the model's name, one model by --name, recordings beside the models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from mgecc import cli

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"


def written(folder: Path, *models: dict, key: str = "models") -> Path:
    for name in ("softmax", "conv2d", "extern_opr"):
        shutil.copy(CORPUS / f"{name}.mge", folder)
    path = folder / "several.json"
    path.write_text(json.dumps({key: list(models)}))
    return path


def run(capsys: pytest.CaptureFixture[str], *args: str | Path, status: int = 0) -> str:
    assert cli.main([str(word) for word in args]) == status
    said = capsys.readouterr()
    return said.out if status == 0 else said.err


GOOD = {"model_name": "good", "model_path": "softmax.mge"}


def test_problems_of_all_models_are_told_at_once_under_their_names(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    wrong = {"model_name": "wide", "model_path": "conv2d.mge", "input_shape_str": "data=(1,5,64,64)"}
    twice = {"model_name": "twice", "model_path": "conv2d.mge", "input_shape_str": "nothing=(1,2)"}
    gone = {"model_name": "gone", "model_path": "gone.mge"}
    (tmp_path / "bad.mge").write_bytes(b"no model")
    bad = {"model_name": "bad", "model_path": "bad.mge"}
    path = written(tmp_path, GOOD, wrong, gone, bad, twice)
    said = run(capsys, "check", path, "--target", "armv7", status=2)
    for name, file in (
        ("wide", "conv2d.mge"),
        ("gone", "gone.mge"),
        ("bad", "bad.mge"),
        ("twice", "conv2d.mge"),
    ):
        column = path.read_text().index(f'{{"model_name": "{name}"') + 1
        assert f"{name} ({path}:1:{column}, {file})" in said
    assert "gone.mge: No such file or directory" in said and "good" not in said


@pytest.mark.parametrize("command", ["import", "interpret", "opt", "kernel"])
def test_one_model_of_several_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    path = written(tmp_path, GOOD, {"model_path": "conv2d.mge"})
    shutil.copy(CORPUS / "conv2d.npz", tmp_path)
    more = ["--target", "arm64"] if command == "kernel" else []
    assert "say which one with --name" in run(capsys, command, path, *more, status=2)
    said = run(capsys, command, path, "--name", "conv", *more, status=2)
    assert "has no model conv, but" in said and "conv2d: say one of these with --name" in said
    assert run(capsys, command, path, "--name", "conv2d", *more)


def test_recordings_beside_a_model_are_its_cases(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    shutil.copy(CORPUS / "softmax.npz", tmp_path)
    assert "good on baremetal" in run(capsys, "verify", path, "--name", "good", "--target", "baremetal")
    assert "softmax on" in run(capsys, "verify", tmp_path / "softmax.mge", "--target", "x86_64")


def test_the_template_that_megcc_writes_is_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    examples = {
        "extern_opr_output_shape": "loader_1=(1,3);(2):loader_2=(4)",
        "extern_opr_output_dtype": "loader_1=float32;int32:loader_2=uint8",
    }
    path = written(tmp_path, {**GOOD, **examples}, key="model")
    said = run(capsys, "check", path, "--target", "arm64")
    assert "loader_1: the model has no such operator, so its results have no effect" in said
    assert "loader_2" in said


def test_the_advice_for_code_outside_of_the_file_fits_the_json(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = run(
        capsys, "check", written(tmp_path, {"model_path": "extern_opr.mge"}), "--target", "arm64", status=2
    )
    assert "in MegCC's JSON, extern_opr_output_shape: '" in said


def test_a_file_whose_name_is_no_name_in_c_asks_for_another(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copy(CORPUS / "softmax.mge", tmp_path / "3d-net.mge")
    said = run(
        capsys, "check", written(tmp_path, {"model_path": "3d-net.mge"}), "--target", "arm64", status=2
    )
    assert "give the model another name with 'model_name'" in said


def test_dot_products_are_said_to_be_a_feature_of_the_target(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = written(tmp_path, {**GOOD, "enable_nchw44_dot": True})
    words = ["compile", "--json", path, "--dump", tmp_path / "out", "--no-library"]
    assert "dot products are a feature of the target: arm64+dot" in run(capsys, *words, "--arm64")
    run(capsys, *words, "--arm64_with_dot")
    assert json.loads((tmp_path / "out" / "report.json").read_text())["target"] == "arm64+dot"
