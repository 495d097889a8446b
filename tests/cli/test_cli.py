"""The command line: what it understands, and one line for every mistake of the user's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from mgecc import __version__, cli


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    try:
        status = cli.main(args)
    except SystemExit as leave:
        status = int(leave.code or 0)
    said = capsys.readouterr()
    return status, said.out, said.err


def fails(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """The error of a command that must fail: one line, no traceback, status 2."""
    status, _, error = run(capsys, *args)
    assert status == 2
    assert error.startswith("mgecc: error: ") and error.count("\n") == 1
    return error


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "--help")
    assert status == 0
    for name in cli.command_names():
        assert f"  {name}" in out
    assert {"check", "compile", "export", "ops", "run", "targets", "verify"} <= set(cli.command_names())


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version")[1] == f"mgecc {__version__}\n"


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_no_command(option: str) -> None:
    code = f"import sys; from mgecc import cli; sys.argv = ['mgecc', '{option}']; cli.main()"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "mgecc.cli" in loaded
    assert loaded & {"numpy", "yaml", "jinja2", "mgecc.commands.compile", "mgecc.graph"} == set()


@pytest.mark.parametrize("name", cli.command_names())
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], name: str) -> None:
    status, out, _ = run(capsys, name, "--help")
    assert status == 0 and out.startswith(f"usage: mgecc {name}")


def test_unknown_command_suggests_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean verify?" in fails(capsys, "verfy")


def test_missing_arguments_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--target" in fails(capsys, "compile", "x.mge")
    assert "--toolchain" in fails(capsys, "compile", "x.mge", "--target", "arm64", "--toolchain", "tcc")


def test_model_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    args = ["--target", "arm64", "--out", str(tmp_path / "out")]
    assert "there is no such file" in fails(capsys, "compile", str(tmp_path / "no.mge"), *args)
    assert "no.yaml" in fails(capsys, "compile", str(tmp_path / "no.yaml"), *args)
    assert not (tmp_path / "out").exists()


def test_unknown_target_suggests_the_nearest(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = tmp_path / "m.mge"
    model.write_bytes(b"")
    assert "did you mean armv7?" in fails(capsys, "check", str(model), "--target", "armv77")
    assert "did you mean v4?" in fails(capsys, "check", str(model), "--target", "x86_64", "--cpu", "v44")


def test_name_that_c_refuses(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = tmp_path / "m.mge"
    model.write_bytes(b"")
    args = ["compile", str(model), "--target", "arm64", "--out", str(tmp_path / "o"), "--name", "while"]
    assert "reserved word" in fails(capsys, *args)


def test_verify_without_recorded_arrays_says_what_to_give(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = tmp_path / "m.mge"
    model.write_bytes(b"")
    assert "--inputs" in fails(capsys, "verify", str(model), "--target", "x86_64")
    broken = tmp_path / "in.npz"
    broken.write_bytes(b"PK not a zip")
    assert "in.npz" in fails(capsys, "verify", str(model), "--target", "x86_64", "--inputs", str(broken))


def test_targets_lists_features_and_cpus(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "targets")[1]
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert "+dot" in lines["arm64"] and "v4" in lines["x86_64"] and "arm64 and armv7" in lines["arm64v7"]


def test_ops_lists_operators(capsys: pytest.CaptureFixture[str]) -> None:
    plain, markdown = run(capsys, "ops")[1], run(capsys, "ops", "--markdown")[1]
    rows = [line for line in markdown.splitlines() if line.startswith("| ")]
    assert len(plain.splitlines()) + 2 == len(rows)
    assert rows[0].startswith("| operator |")


@pytest.mark.parametrize("command", ["verify", "check", "compile"])
def test_nothing_of_the_users_reaches_the_terminal_raw(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    config = tmp_path / "model.yaml"
    config.write_text('model: "\\e]0;own\\a.mge"\n"\\e[2J": 1\n')
    assert cli.main([command, str(config), "--target", "arm64"]) == 2
    said = capsys.readouterr()
    assert "model.yaml:2" in said.err
    assert not [char for char in said.out + said.err if ord(char) < 32 and char != "\n"]


def test_a_model_from_outside_of_the_project_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = Path(__file__).resolve().parents[1] / "data" / "mge-corpus" / "softmax.mge"
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "softmax.mge").write_bytes(model.read_bytes())
    for number, name in enumerate(["../softmax.mge", "softmax.mge"]):
        (project / "model.yaml").write_text(f"name: net\nmodel: {name}\n")
        words = ["compile", str(project / "model.yaml"), "--target", "arm64", "--no-library"]
        assert cli.main([*words, "--out", str(tmp_path / "out")]) == 0
        line = f"softmax.mge is read from outside of the project: {tmp_path / 'softmax.mge'}"
        assert capsys.readouterr().out.count(line) == 1 - number
        (project / "softmax.mge").write_bytes(model.read_bytes())
