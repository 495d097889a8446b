"""Whatever MODEL is, a folder, a file of another kind, full of odd names: every command says it in a line."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from mgecc import cli
from mgecc.config import save_cases
from mgecc.request import CompileRequest
from mgecc.worker import compile_request

sys.path.insert(0, str(Path(__file__).parents[1] / "frontends"))

from mge_writer import MgeFile

HDF5 = b"\x89HDF\r\n\x1a\n" + bytes(60)
COMMANDS: dict[str, list[str]] = {
    "check": ["--target", "armv7"],
    "compile": ["--target", "x86_64", "--no-library", "--out", "products"],
    "import": [],
    "interpret": ["--inputs", "cases.npz"],
    "kernel": ["--target", "x86_64"],
    "opt": [],
    "run": ["--input", "cases.npz"],
    "verify": ["--target", "x86_64", "--inputs", "cases.npz", "--expected", "cases.npz"],
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    x = np.linspace(-1, 1, 6, dtype=np.float32).reshape(1, 2, 3)
    save_cases(tmp_path / "cases.npz", {"in.x": x, "out.0": np.maximum(x, 0)})
    return tmp_path


def model(*names: str, extra: int = 0) -> bytes:
    """An input and its ReLU; ``extra`` operands too many."""
    m = MgeFile()
    x = m.input(names[0], 2, 3)
    y = m.record("Elemwise", [x], names[1], mode="RELU")
    return m.bytes(m.record("Softmax", [y, *[x] * extra], "odd", axis=1) if extra else y)


def refusal(capsys: pytest.CaptureFixture[str], command: str, file: str) -> str:
    status = cli.main([command, file, *COMMANDS[command]])
    said = capsys.readouterr()
    assert status == 2 and said.err.startswith("mgecc: error: "), said.err
    assert "defect" not in said.err and "Traceback" not in said.err
    return said.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_of_another_kind_is_named_by_every_command(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "net.mge").write_bytes(HDF5)
    said = refusal(capsys, command, "net.mge")
    why = "this is an HDF5 file (Keras .h5), no model that is read (.mge, .onnx, .tflite)"
    assert said == f"mgecc: error: net.mge: {why}; export it as ONNX\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_record_with_an_operand_too_many_is_named_by_every_command(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "net.mge").write_bytes(model("x", "y", extra=1))
    said = refusal(capsys, command, "net.mge")
    assert "odd (Softmax axis=1, record 2 (Softmax) at byte " in said
    assert "it has 2 operands, not 1; no MegEngine writes such a record: dump the model again" in said


def test_the_build_says_what_the_commands_say(folder: Path) -> None:
    (folder / "net.mge").write_bytes(HDF5)
    asked = CompileRequest("net", "x86_64", folder="out", config="net.mge", reads=("net.mge",))
    reply = compile_request(CompileRequest.from_line(asked.to_line()))
    assert reply["status"] == 2 and reply["error"].startswith("net.mge: this is an HDF5 file")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_with_a_model_yaml_is_taken_as_model(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported = folder / "exported"
    exported.mkdir()
    (exported / "net.mge").write_bytes(model("x", "y"))
    (exported / "model.yaml").write_text(
        "model: net.mge\nverify: {inputs: ../cases.npz, expected: ../cases.npz}\n"
    )
    if command == "verify":  # building and running a library takes long, and does not depend on this
        (exported / "net.mge").write_bytes(HDF5)
        assert "net.mge: this is an HDF5 file" in refusal(capsys, command, "exported")
        return
    assert cli.main([command, "exported", *COMMANDS[command]]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("file", "word"),
    [("saved_model.pb", "a TensorFlow SavedModel"), ("other.txt", "a folder without model.yaml")],
)
def test_other_folders_are_named(
    file: str, word: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "made").mkdir()
    (folder / "made" / file).write_bytes(b"")
    assert f"mgecc: error: made: this is {word}" in refusal(capsys, "check", "made").replace(
        "made: a", "made: this is a"
    )


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
@pytest.mark.parametrize("command", ["import", "opt", "kernel", "check"])
def test_names_are_escaped_where_the_output_has_no_letters_for_them(
    command: str, encoding: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "net.mge").write_bytes(model("\u6570\u636e", "r\xe9sultat"))
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    assert cli.main([command, "net.mge", *COMMANDS[command]]) == 0
    stream.flush()
    said = stream.buffer.getvalue().decode(encoding)
    shown = {"ascii": "r\\xe9sultat", "cp1252": "r\xe9sultat", "utf-8": "r\xe9sultat"}[encoding]
    assert command == "check" or shown in said
    assert command not in ("import", "opt") or ("\\u6570\\u636e" in said) == (encoding != "utf-8")


@pytest.mark.parametrize("command", ["import", "opt", "kernel"])
def test_control_characters_in_names_are_escaped(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "net.mge").write_bytes(model("da\x1b]0;x\7ta", "two\nlines\x1b[31m"))
    assert cli.main([command, "net.mge", *COMMANDS[command]]) == 0
    said = capsys.readouterr().out
    assert "two\\nlines\\x1b[31m" in said and "\x1b" not in said


@pytest.mark.parametrize("name", ["signal", "time", "String", "features", "immintrin", "pthread"])
def test_a_model_is_not_called_like_a_header(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "net.mge").write_bytes(model("x", "y"))
    arguments = ["--target", "x86_64", "--no-library", "--out", "products"]
    assert cli.main(["compile", "net.mge", *arguments, "--name", name]) == 2
    assert f"'{name}' is the name of a header of " in capsys.readouterr().err
    (folder / f"{name}.mge").write_bytes(model("x", "y"))
    assert cli.main(["compile", f"{name}.mge", *arguments]) == 0
    assert (folder / "products" / f"model_{name}.h").is_file()
