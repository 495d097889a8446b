"""Every command takes an ONNX file as it takes one of MegEngine, and what the file leaves open can be said."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from mgecc import cli
from mgecc.config import save_cases

sys.path.insert(0, str(Path(__file__).parents[1] / "frontends" / "onnx"))

from networks import model, tensor
from onnx import TensorProto, helper

X = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
ODD = ["input.1", "/out:0", "/out"]
"""Names that are no C identifiers; of two, the same letters remain."""
COMMANDS: dict[str, list[str]] = {
    "check": ["--target", "armv7"],
    "compile": ["--target", "x86_64", "--no-library", "--out", "products"],
    "import": [],
    "interpret": ["--inputs", "net.npz"],
    "kernel": ["--target", "x86_64"],
    "opt": [],
    "run": ["--target", "x86_64", "--input", "net.npz"],
    "verify": ["--target", "x86_64", "--inputs", "net.npz", "--expected", "net.npz"],
}
LEARNING = ("interpret", "run", "verify")
"""Commands that take shapes from recorded arrays."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save_cases(tmp_path / "net.npz", {"in.input.1": X, "out.0": np.maximum(X, 0), "out.1": -X})
    write([2, 3])
    return tmp_path


def write(shape: Sequence[int | str]) -> None:
    nodes = [helper.make_node("Relu", [ODD[0]], [ODD[1]]), helper.make_node("Neg", [ODD[0]], [ODD[2]])]
    Path("net.onnx").write_bytes(model(nodes, {ODD[0]: shape}, ODD[1:]))


def write_switched() -> None:
    """Twice the rows at rate 16000, negates at others; the rate is an int64 scalar."""
    nodes = {
        "then_branch": helper.make_node("Concat", ["x", "x"], ["z"], axis=0),
        "else_branch": helper.make_node("Neg", ["x"], ["z"]),
    }
    branches = {
        name: helper.make_graph([node], name, [], [tensor("z", None)]) for name, node in nodes.items()
    }
    nodes = [
        helper.make_node("Equal", ["sr", "rate"], ["c"]),
        helper.make_node("If", ["c"], ["y"], **branches),
    ]
    made = model(nodes, {"x": [2, 3]}, ["y"], {"rate": np.array(16000)})
    proto = type(helper.make_model(helper.make_graph([], "", [], []))).FromString(made)
    proto.graph.input.append(tensor("sr", [], TensorProto.INT64))
    Path("net.onnx").write_bytes(proto.SerializeToString())
    save_cases("net.npz", {"in.x": X, "out.0": np.concatenate([X, X])})


def run(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    found = cli.main(list(words))
    said = capsys.readouterr()
    assert found == status, said.err
    assert "Traceback" not in said.err
    return said.out + said.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_an_onnx_file(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, command, "net.onnx", *COMMANDS[command])


def test_names_that_are_no_identifiers_have_c_names_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "compile", "net.onnx", *COMMANDS["compile"])
    header = Path("products/net.h").read_text()
    assert "net_input_input_1(" in header and "net_output_out_0(" in header and "net_output_out(" in header


@pytest.mark.parametrize("command", COMMANDS)
def test_an_open_shape_is_told_by_every_command_or_learned(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(["batch", 3])
    learns = command in LEARNING
    said = run(capsys, command, "net.onnx", *COMMANDS[command], status=0 if learns else 2)
    assert learns or "--input-shapes input.1=1x3, or inputs: {input.1: {shape: [1, 3]}}" in said
    assert learns or "sizes: {batch: 1..8}" in said
    run(capsys, command, "net.onnx", *COMMANDS[command], "--input-shapes", "input.1=2x3")


def test_cases_are_told_from_an_open_batch_by_the_number_of_axes(capsys: pytest.CaptureFixture[str]) -> None:
    write(["batch", "width"])
    stacked = np.stack([X, X + 1, X - 1])
    save_cases("net.npz", {"in.input.1": stacked, "out.0": np.maximum(stacked, 0)})
    assert ", 3 cases:" in run(capsys, "verify", "net.onnx", *COMMANDS["verify"])


def test_a_wrong_shape_on_the_command_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = [
        ("input.1=2", "the shape [2] was given, and this input has 2 axes"),
        ("input.1=2by3", "on the command line also 'name=1x3x224x224,other=2x3'"),
        ("input.1=2x3,y=1", "the model has no such input"),
    ]
    for text, why in wrong:
        said = run(capsys, "check", "net.onnx", *COMMANDS["check"], "--input-shapes", text, status=2)
        assert why in said


def test_a_size_is_declared_by_the_name_that_it_has_in_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    write(["batch", 3])
    Path("model.yaml").write_text("model: net.onnx\nname: net\nsizes: {batch: 1..4}\n")
    said = run(capsys, "verify", "model.yaml", "--target", "x86_64")
    assert "with batch=1" in said and "with batch=4" in said
    Path("model.yaml").write_text("model: net.onnx\nname: net\nsizes: {rows: 1..4}\n")
    said = run(capsys, "verify", "model.yaml", "--target", "x86_64", status=2)
    assert said == "mgecc: error: model.yaml:3:9: no input has the size 'rows'\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_bound_input_decides_a_condition(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_switched()
    said = run(capsys, command, "net.onnx", *COMMANDS[command], status=2)
    assert "its condition is computed from the model's data" in said or "in.sr is missing" in said
    assert "in.sr" in said or "--bind sr=NUMBER, or bind: {sr: NUMBER} in model.yaml" in said
    run(capsys, command, "net.onnx", *COMMANDS[command], "--bind", "sr=16000")


def test_an_input_is_bound_in_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    write_switched()
    text = "model: net.onnx\nname: net\nverify: {inputs: net.npz, expected: net.npz}\n"
    Path("model.yaml").write_text(f"{text}bind: {{sr: 16000}}\n")
    run(capsys, "verify", "model.yaml", "--target", "x86_64")
    Path("model.yaml").write_text(f"{text}bind: {{sr: 8000}}\n")
    said = run(capsys, "verify", "model.yaml", "--target", "x86_64", status=2)
    assert "out.0 has 2 cases, the inputs have 1" in said
    for value, why in (
        ("fast", "must be a number or true or false or a list"),
        ("1.5", "its elements are int64"),
    ):
        Path("model.yaml").write_text(f"{text}bind: {{sr: {value}}}\n")
        said = run(capsys, "verify", "model.yaml", "--target", "x86_64", status=2)
        assert why in said and "model.yaml:4:" in said


@pytest.mark.parametrize("text", ["sr", "=1", "sr=fast", 'sr="a"', "sr={}"])
def test_what_binds_no_input_is_told(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_switched()
    said = run(capsys, "check", "net.onnx", *COMMANDS["check"], "--bind", text, status=2)
    assert "binds no input; write NAME=NUMBER" in said


def test_the_missing_package_is_named_with_the_command_that_installs_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("mgecc.frontends.onnx.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    said = run(capsys, "check", "net.onnx", *COMMANDS["check"], status=2)
    assert said.count("\n") == 1 and "run: pip install 'mgecc[onnx]'" in said
    assert "Reshape" in run(capsys, "ops", "--markdown")


def test_numbers_that_decide_a_condition_are_taken_as_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    write_switched()
    both = {"in.x": np.stack([X, X]), "out.0": np.stack([np.concatenate([X, X])] * 2)}
    save_cases("net.npz", both | {"in.sr": np.array([16000, 16000])})
    said = run(capsys, "verify", "net.onnx", *COMMANDS["verify"])
    assert "sr is 16000, as recorded, and no input: bind: {sr: 16000} in model.yaml makes it so" in said
    save_cases("net.npz", both | {"in.sr": np.array([16000, 8000])})
    said = run(capsys, "verify", "net.onnx", *COMMANDS["verify"], status=2)
    assert "--bind sr=NUMBER" in said


def test_an_onnx_file_is_exported_with_what_it_gives(capfd: pytest.CaptureFixture[str]) -> None:
    write(["batch", 3])
    said = run(capfd, "export", "net.onnx", "--out", "models/net", status=2)
    assert "the shape of the input input.1 is open: give --input input.1=1x3x224x224 or --inputs" in said
    run(capfd, "export", "net.onnx", "--out", "models/net", "--input", "input.1=4x3", "--licence", "MIT")
    text = Path("models/net/model.yaml").read_text()
    assert "licence: MIT" in text and "shape: [4, 3]" in text
    assert "1 case" in run(capfd, "verify", "models/net", "--target", "x86_64")
    save_cases("own.npz", {"in.input.1": np.stack([X, -X])})
    run(capfd, "export", "net.onnx", "--out", "models/own", "--inputs", "own.npz")
    assert "2 cases" in run(capfd, "verify", "models/own", "--target", "x86_64", "--reference", "onnx")


def test_a_network_in_python_needs_named_inputs(capfd: pytest.CaptureFixture[str]) -> None:
    said = run(capfd, "export", "nets:make", "--out", "models/net", status=2)
    assert "must be named: --input data=1x3x224x224" in said
