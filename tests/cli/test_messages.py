"""Mistakes in inputs, limits and files are told with the file, the line and the key that they are about."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from mgecc import cli
from mgecc.config import load_cases, save_cases

DIGITS = Path(__file__).resolve().parents[2] / "models" / "digits"
IMAGE = np.zeros((1, 1, 8, 8), np.float32)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model.yaml of its own in a folder whose name C takes."""
    shutil.copytree(DIGITS, tmp_path / "net", ignore=shutil.ignore_patterns("*.py"))
    return tmp_path / "net" / "model.yaml"


def add(model: Path, *lines: str) -> int:
    """Append lines to a model.yaml; the number of the first."""
    before = model.read_text().splitlines()
    model.write_text("\n".join([*before, *lines]) + "\n")
    return len(before) + 1


def fails(capsys: pytest.CaptureFixture[str], *args: str | Path) -> list[str]:
    """What a command says that must fail by the user's fault; every line has the prefix."""
    assert cli.main([str(word) for word in args]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines and all(line.startswith("mgecc: error: ") for line in lines), lines
    return [line.removeprefix("mgecc: error: ") for line in lines]


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"data": IMAGE}, "in.data is missing in {file}, which has: data"),
        ({}, "in.data is missing in {file}, which has: no inputs"),
        (
            {"in.data": IMAGE[:, :, :7]},
            "{file}: in.data has shape [1, 1, 7, 8], the model wants [1, 1, 8, 8]",
        ),
        (
            {"in.data": IMAGE.astype(complex).real.astype("f8") * 1j},
            "{file}: array 'in.data': element type complex",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_told_with_their_file(
    model: Path, capsys: pytest.CaptureFixture[str], arrays: dict[str, np.ndarray], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "s.npz"
    np.savez(file, **arrays)
    (line,) = fails(capsys, "interpret", model, "--inputs", file)
    assert line.startswith(said.format(file=file))


def test_inputs_in_the_place_of_outputs_are_told(
    model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "s.npz"
    save_cases(file, {"in.data": IMAGE})
    options = ("--inputs", file, "--expected", file, "--target", "x86_64")
    assert fails(capsys, "verify", model, *options) == [f"out.0 is missing in {file}, which has: no outputs"]


@pytest.mark.parametrize("command", [["interpret"], ["run", "--top", "1"]])
def test_arrays_that_belong_to_no_input_are_ignored_with_a_line(
    model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str]
) -> None:
    file = tmp_path / "s.npz"
    option = "--inputs" if command == ["interpret"] else "--input"
    told = {}
    for extra in ((), ("truth", "in.other")):
        save_cases(file, {"in.data": IMAGE, "out.0": IMAGE, **dict.fromkeys(extra, IMAGE)})
        assert cli.main([*command, str(model), option, str(file), "--json-output"]) == 0
        said = capsys.readouterr()
        assert json.loads(said.out)
        told[extra] = said.err
    assert told[()] == ""
    note = f"mgecc: note: {file}: in.other, truth belong to no input and are ignored\n"
    assert told["truth", "in.other"] == note


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("inputs: {dat: {shape: [1, 1, 8, 8]}}", 10),
        ("inputs: {dat: {dtype: uint8}}", 10),
        ("input_shapes: [{dat: [2, 1, 8, 8]}]", 17),
    ],
)
def test_an_input_that_the_model_has_not_is_told_where_it_is_named(
    model: Path, capsys: pytest.CaptureFixture[str], text: str, column: int
) -> None:
    line = add(model, text)
    lines = fails(capsys, "check", model, "--target", "arm64")
    assert f"{model}:{line}:{column}" in lines[-1] and "its inputs are data" in lines[-1]


def test_limits_are_told_at_once_with_their_lines_and_what_helps(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = add(model, "flash: 4K", "ram: 100")
    flash, ram = fails(capsys, "check", model, "--target", "arm64")
    assert flash.startswith(f"{model}:{line}:1: the weights alone take ") and "`flash: 4096`" in flash
    assert "raise `flash`" in flash and "enable_compress_fp16" in flash
    assert ram.startswith(f"{model}:{line + 1}:1: the arena takes ") and "raise `ram`" in ram


def test_a_name_on_the_command_line_helps_where_the_folders_name_does_not(
    model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = model.parent.rename(tmp_path / "my net")
    (line,) = fails(capsys, "check", folder / "model.yaml", "--target", "arm64")
    assert "'my net' cannot be a C name" in line and "--name" in line
    words = ["compile", folder / "model.yaml", "--target", "arm64", "--name", "my_net", "--no-library"]
    assert cli.main([*map(str, words), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "my_net.h").is_file()


def test_every_problem_has_the_prefix(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = add(model, "optimise: size", "flash: much")
    lines = fails(capsys, "check", model, "--target", "arm64")
    assert [text.split(": ")[0] for text in lines] == [f"{model}:{line}:1", f"{model}:{line + 1}:8"]


def test_a_picture_of_another_size_is_resized_with_a_line(
    model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from PIL import Image

    for size in ((8, 8), (40, 30)):
        Image.new("L", size).save(tmp_path / "digit.png")
        assert cli.main(["run", str(model), "--input", str(tmp_path / "digit.png")]) == 0
        said = capsys.readouterr().err
        wanted = (
            f"mgecc: note: {tmp_path}/digit.png: 40x30 pixels are resized to 8x8\n" if size != (8, 8) else ""
        )
        assert said == wanted


@pytest.mark.parametrize("command", ["compile", "interpret", "run"])
def test_a_full_disk_is_told_with_the_file(
    model: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: str,
) -> None:
    """The system names the file where it cannot be opened, and none where it cannot be written."""

    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    words = {
        "compile": ["--target", "arm64", "--no-library", "--out", str(tmp_path / "out")],
        "interpret": ["--out", str(tmp_path / "out" / "x.npz")],
        "run": ["--output", str(tmp_path / "out" / "x.npz")],
    }[command]
    (tmp_path / "out").mkdir()
    assert cli.main([command, str(model), *words]) == 3
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"mgecc: error: {tmp_path}/out/") and error.endswith(": No space left on device")


def test_recorded_cases_know_where_they_were_read() -> None:
    assert load_cases(DIGITS / "inputs.npz").file == str(DIGITS / "inputs.npz")


LONG = "x" * 300
DEEP = f"{'folder/' * 1000}net"
LOOP = "loop"
COMMANDS = [
    ["check", "{path}", "--target", "x86_64"],
    ["compile", "{path}", "--target", "x86_64", "--out", "products"],
    ["compile", "{model}", "--target", "x86_64", "--no-library", "--out", "{path}"],
    ["compile", "--json", "{path}.json", "--arm64", "--dump", "products"],
    ["check", "{model}", "--target", "{path}.yaml"],
    ["import", "{path}"],
    ["interpret", "{model}", "--inputs", "{path}"],
    ["opt", "{path}", "--target", "x86_64"],
    ["report", "{path}"],
    ["diff", "{path}", "{path}"],
    ["run", "{model}", "--target", "x86_64", "--input", "{path}"],
    ["verify", "{model}", "--target", "x86_64", "--inputs", "{path}.npz", "--expected", "{path}.npz"],
]


@pytest.mark.parametrize("path", [LONG, DEEP, LOOP], ids=["long", "deep", "loop"])
@pytest.mark.parametrize("command", COMMANDS, ids=[" ".join(command) for command in COMMANDS])
def test_paths_that_the_system_does_not_take_are_the_users_to_mend(
    model: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    path: str,
) -> None:
    monkeypatch.chdir(model.parent)
    for name in (LOOP, f"{LOOP}.yaml", f"{LOOP}.npz", f"{LOOP}.json"):
        Path(name).symlink_to(name)
    (said,) = fails(capsys, *(word.format(path=path, model="digits.mge") for word in command))
    assert path in said


@pytest.mark.parametrize("path", [LONG, "\\0.npz"], ids=["long", "zero"])
def test_such_paths_are_told_with_their_place_in_a_configuration(
    model: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    model.write_text(f'model: digits.mge\nverify: {{inputs: "{path}", expected: expected.npz}}\n')
    (said,) = fails(capsys, "verify", model, "--target", "x86_64")
    assert "model.yaml:2:18: " in said
