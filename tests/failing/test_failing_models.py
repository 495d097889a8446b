"""Models that cannot be compiled get exactly the message that lies beside them.

Every folder here with a model.mge is a case; its message.txt begins with the command and goes on with what it prints.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from mgecc import cli

HERE = Path(__file__).parent
PACKAGE = str(Path(cli.__file__).parents[1])
CASES = sorted(path.parent for path in HERE.glob("*/model.mge"))


@pytest.mark.parametrize("folder", CASES, ids=[folder.name for folder in CASES])
def test_the_message_is_the_expected_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command, *expected = (folder / "message.txt").read_text(encoding="utf-8").splitlines()
    dollar, program, *arguments = shlex.split(command)
    assert (dollar, program) == ("$", "mgecc")
    monkeypatch.chdir(folder)
    assert cli.main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.splitlines() == expected
    assert said.out == ""


def test_the_models_are_what_the_script_writes(tmp_path: Path) -> None:
    script = f"import pathlib, build_models as b; b.HERE = pathlib.Path({str(tmp_path)!r}); b.main()"
    subprocess.run(
        [sys.executable, "-c", script], cwd=HERE, check=True, env=os.environ | {"PYTHONPATH": PACKAGE}
    )
    written = {path.parent.name: path.read_bytes() for path in tmp_path.glob("*/model.mge")}
    assert written == {folder.name: (folder / "model.mge").read_bytes() for folder in CASES}
