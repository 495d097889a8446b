"""How far long work is: shown at a terminal, nowhere else, and nothing is loaded for it elsewhere."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from mgecc.toolrun import progress

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from mgecc.toolrun.progress import track, waiting
for name in track("cases [b]of\\x1b]0;x\\x07 a net", ["one", "two", "three"]):
    with waiting("inside"):
        print("did", name)
with waiting("compiling"):
    pass
print("rich" in sys.modules)
"""


def started(tmp_path: Path) -> tuple[str, str]:
    """What the script writes to standard output, a file, and to standard error, a terminal."""
    leader, follower = pty.openpty()
    environment = os.environ | {"PYTHONPATH": str(ROOT / "rules"), "TERM": "xterm", "COLUMNS": "80"}
    with (tmp_path / "out").open("wb") as out:
        command = [sys.executable, "-c", SCRIPT]
        subprocess.run(command, stdout=out, stderr=follower, env=environment, check=True, timeout=60)
    os.close(follower)
    shown = b""
    try:
        while part := os.read(leader, 4096):
            shown += part
    except OSError:  # Linux: no one has the other end any more
        pass
    os.close(leader)
    return (tmp_path / "out").read_text(), shown.decode()


def test_a_terminal_shows_how_many_are_done_and_output_stays_as_it_is(tmp_path: Path) -> None:
    out, shown = started(tmp_path)
    assert out == "did one\ndid two\ndid three\nTrue\n"
    assert "3/3" in shown and "compiling" in shown and "inside" not in shown
    assert "[b]of\\x1b]0;x\\x07 a net" in shown and "\x1b]0;x" not in shown


def test_without_a_terminal_nothing_is_shown_and_nothing_loaded() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "rules")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("did one\ndid two\ndid three\nFalse\n", "")


def test_work_that_fails_takes_its_line_away() -> None:
    with pytest.raises(ValueError, match="broken"), progress.waiting("work"):
        raise ValueError("broken")
    assert progress._shown == []
