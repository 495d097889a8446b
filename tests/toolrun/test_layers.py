"""`verify --layers`: every layer on its target beside the NumPy meaning; the first that diverges is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mgecc import cli, ops
from mgecc.graph import Node

MODELS = Path(__file__).parents[2] / "models"


def layers(
    capsys: pytest.CaptureFixture[str], name: str, target: str, status: int = 0
) -> list[dict[str, Any]]:
    args = ["verify", str(MODELS / name), "--target", target, "--layers", "--json-output"]
    assert cli.main(args) == status
    (found,) = json.loads(capsys.readouterr().out).values()
    return list(found)


@pytest.mark.parametrize("target", ["x86_64", "arm64", "armv7", "baremetal"])
def test_every_layer_of_digits_is_right_on_its_target(
    target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = layers(capsys, "digits", target)
    assert len(found) >= 5 and all(row["ok"] for row in found)
    assert {row["operator"] for row in found} >= {"ConvBias", "Pooling", "MatrixMul"}
    assert all(row["cosine"] > 0.99999 and (row["snr"] is None or row["snr"] > 90) for row in found)


@pytest.mark.parametrize("name", ["digits_int8", "tiny_resnet", "okay_nabu", "silero_vad"])
def test_quantised_networks_and_states_agree_layer_by_layer(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = layers(capsys, name, "x86_64")
    assert len(found) >= 5
    if name != "silero_vad":
        assert [row["layer"] for row in found if row["max_abs"]] == []


@pytest.fixture
def wrong_pooling(monkeypatch: pytest.MonkeyPatch) -> None:
    def evaluate(node: Node, arrays: list[np.ndarray]) -> list[np.ndarray]:
        results = right(node, arrays)
        return [result + np.float32(0.5) for result in results] if node.op == "Pooling" else results

    right = ops.evaluate
    monkeypatch.setattr(ops, "evaluate", evaluate)


def test_the_report_shows_the_errors_of_layers(
    wrong_pooling: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    products, file = tmp_path / "products", tmp_path / "layers.json"
    model = [str(MODELS / "digits"), "--target", "x86_64"]
    assert cli.main(["compile", *model, "--out", str(products)]) == 0
    words = ["--products", str(products), "--layers", "--out", str(file)]
    assert cli.main(["verify", *model, *words]) == 1
    assert cli.main(["report", str(products), "--layers", str(file)]) == 0
    text = (products / "report.html").read_text(encoding="utf-8")
    assert "Beside NumPy: the first layer that diverges is Pooling, step" in text
    assert text.count('<tr class="wrong">') >= 2 and ">Error of peak<" in text
    document = json.loads(file.read_text(encoding="utf-8"))
    document["plans"][0]["sha256"] = "0" * 64
    file.write_text(json.dumps(document), encoding="utf-8")
    capsys.readouterr()
    assert cli.main(["report", str(products), "--layers", str(file)]) == 2
    assert "layers.json: of another build of digits" in capsys.readouterr().err
    assert cli.main(["verify", *model, "--products", str(products), "--out", str(file)]) == 2
    assert "--out is for --layers" in capsys.readouterr().err


def test_the_first_layer_that_diverges_is_named(
    wrong_pooling: None, capsys: pytest.CaptureFixture[str]
) -> None:
    found = layers(capsys, "digits", "x86_64", status=1)
    first = next(row for row in found if not row["ok"])
    assert first["operator"] == "Pooling" and first["max_abs"] == pytest.approx(0.5, rel=1e-3)
    assert cli.main(["verify", str(MODELS / "digits"), "--target", "x86_64", "--layers"]) == 1
    assert f"the first layer that diverges is {first['layer']}" in capsys.readouterr().out
