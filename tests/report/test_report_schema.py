"""report.json is as report.schema.json says, for every form that reports have, and its numbers agree."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mgecc.compiler import compile_model, compile_models
from mgecc.config import load_config
from mgecc.report import SCHEMA
from mgecc.report.html.page import page
from mgecc.toolrun.products import read_several

ROOT = Path(__file__).parents[2]
FILE = ROOT / "rules" / "mgecc" / "report" / "report.schema.json"
VALIDATOR = Draft202012Validator(json.loads(FILE.read_text(encoding="utf-8")))
MODELS = sorted(path.parent.name for path in (ROOT / "models").glob("*/model.yaml"))


def reported(name: str, target: str) -> dict[str, Any]:
    config = load_config(ROOT / "models" / name / "model.yaml")
    document: dict[str, Any] = json.loads(compile_model(config, target).files["report.json"])
    return document


def check(document: dict[str, Any]) -> None:
    assert [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document)] == []


def test_the_schema_is_one_and_names_the_version_that_is_written() -> None:
    Draft202012Validator.check_schema(VALIDATOR.schema)
    assert VALIDATOR.schema["$defs"]["part"]["properties"]["schema"]["const"] == SCHEMA


@pytest.mark.parametrize("name", MODELS)
def test_reports_of_all_models_are_valid(name: str) -> None:
    check(reported(name, "cortex-m4"))


def test_reports_name_what_is_computed_patch_by_patch() -> None:
    config = replace(load_config(ROOT / "models" / "tiny_resnet" / "model.yaml"), optimize="memory")
    document = json.loads(compile_model(config, "cortex-m4").files["report.json"])
    check(document)
    (stage,) = document["patched"]
    assert stage["layers"] and min(stage["patches"]) >= 1 and 0 < stage["again"] < stage["macs"]
    assert f"computed in {stage['patches'][0]}×{stage['patches'][1]} patches" in page(document)


def test_reports_of_several_kernel_sets_are_valid() -> None:
    document = reported("digits", "arm64v7")
    check(document)
    assert [member["target"] for member in document["members"]] == ["arm64", "armv7"]


def test_reports_of_sets_of_shapes_and_of_libraries_are_valid(tmp_path: Path) -> None:
    paths = []
    shutil.copy(ROOT / "models" / "digits" / "digits.mge", tmp_path)
    for name, shapes in (
        ("one", "{data: [1, 1, 8, 8]}, {data: [2, 1, 8, 8]}"),
        ("two", "{data: [1, 1, 8, 8]}"),
    ):
        paths.append(tmp_path / f"{name}.yaml")
        paths[-1].write_text(f"model: digits.mge\nname: {name}\ninput_shapes: [{shapes}]\n")
    library = read_several(paths, "nets", "")
    document = json.loads(compile_models(library, "x86_64").files["report.json"])
    check(document)
    assert [len(model.get("shape_sets", [])) for model in document["models"]] == [2, 0]


@pytest.fixture(scope="module")
def mobilenet() -> dict[str, Any]:
    return reported("mobilenet", "arm64")


def test_buffers_that_live_at_once_do_not_overlap_and_fill_the_arena(mobilenet: dict[str, Any]) -> None:
    buffers = mobilenet["memory"]["buffers"]
    for k, one in enumerate(buffers):
        for other in buffers[:k]:
            together = one["first"] <= other["last"] and other["first"] <= one["last"]
            apart = (
                one["offset"] + one["bytes"] <= other["offset"]
                or other["offset"] + other["bytes"] <= one["offset"]
            )
            assert apart or not together, (one, other)
    assert max(row["offset"] + row["bytes"] for row in buffers) == mobilenet["arena"]


def test_the_peak_is_the_lower_bound_of_the_arena(mobilenet: dict[str, Any]) -> None:
    memory = mobilenet["memory"]
    live = [row["bytes"] for row in memory["buffers"] if row["first"] <= memory["peak_step"] <= row["last"]]
    assert sum(live) == memory["peak"] == mobilenet["arena_bound"]


def test_every_call_belongs_to_one_step(mobilenet: dict[str, Any]) -> None:
    calls = [call for step in mobilenet["steps"] for call in step["calls"]]
    assert calls == list(range(len(mobilenet["layers"])))
    assert sum(step["macs"] for step in mobilenet["steps"]) == mobilenet["macs"]
    assert sum(step["share"] for step in mobilenet["steps"]) == pytest.approx(1, abs=1e-4)


def test_a_step_names_the_nodes_of_the_file_that_it_computes(mobilenet: dict[str, Any]) -> None:
    first = mobilenet["steps"][0]
    assert [node["operator"] for node in first["fused"]] == [
        "Convolution",
        "BatchNorm",
        "Elemwise",
        "Elemwise",
    ]
    assert first["fused"][0]["layer"] == first["layer"]


def test_what_was_not_taken_says_why(mobilenet: dict[str, Any]) -> None:
    others = [(step, other) for step in mobilenet["steps"] for other in step["alternatives"]]
    assert len(others) > len(mobilenet["steps"])
    for step, other in others:
        slower = other["instructions"] > step["instructions"]
        assert ("times the instructions" in other["lost"]) == slower


def test_passes_tell_what_they_removed(mobilenet: dict[str, Any]) -> None:
    changes = {row["pass"]: row for row in mobilenet["passes"]}
    assert changes["fuse-epilogues"]["removed"]["Elemwise"] > 50
