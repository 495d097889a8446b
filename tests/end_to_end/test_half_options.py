"""Networks with weights, or weights and values, in half precision: half the blob, the same classes."""

from dataclasses import replace
from pathlib import Path

import pytest
from mgecc.compiler import compile_model
from mgecc.config import Verify, load_cases, load_config
from mgecc.targets import load_target
from mgecc.toolrun.session import compile_and_build, prepare
from mgecc.toolrun.verify import verify

MODELS = Path(__file__).parents[2] / "models"
TRIED = [
    *(("digits", t, "enable_compress_fp16", "speed") for t in ("arm64", "armv7", "baremetal")),
    *(("digits", t, "enable_ioc16", "memory") for t in ("arm64", "armv7", "baremetal")),
    ("digits", "arm64+fp16", "enable_ioc16", "speed"),
    ("mobilenet", "x86_64", "enable_compress_fp16", "speed"),
]


@pytest.mark.parametrize(("name", "target", "option", "goal"), TRIED)
def test_half_precision_gives_the_same_classes(
    name: str, target: str, option: str, goal: str, tmp_path: Path
) -> None:
    plain = load_config(MODELS / name / "model.yaml")
    config = replace(plain, options={option: True}, optimize=goal)
    libraries = compile_and_build(config, load_target(target), "zig", tmp_path / "products")
    blob = len(compile_model(plain, target).files[f"{name}.blob"])
    assert len(compile_model(config, target).files[f"{name}.blob"]) < 0.55 * blob
    assert plain.verify.inputs and plain.verify.expected
    inputs, expected = load_cases(plain.verify.inputs), load_cases(plain.verify.expected)
    session = prepare(libraries, "zig", tmp_path / "runner")
    results = verify(session, inputs, expected, Verify(max_abs_of_peak=0.005, top=plain.verify.top))
    for errors in results.values():
        assert all(error.ok for error in errors), errors


@pytest.mark.parametrize(("target", "remedy"), [("arm64", "arm64+fp16"), ("armv7", ""), ("baremetal", "")])
def test_halves_are_not_taken_where_they_only_cost_time(target: str, remedy: str) -> None:
    plain = load_config(MODELS / "digits" / "model.yaml")
    made = compile_model(replace(plain, options={"enable_ioc16": True}), target)
    same = {file: text for file, text in compile_model(plain, target).files.items() if file != "report.json"}
    assert {file: made.files[file] for file in same} == same
    (note,) = made.notes
    assert (
        f"{target} has no half-precision arithmetic" in note and f"`target={remedy}`" * bool(remedy) in note
    )
