"""What a build ends with says which kind of error it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from mgecc import cli
from mgecc.config import CasesError
from mgecc.errors import DIFFERENT, FAILED, INPUT, InputError, nearest_status
from mgecc.targets import TargetError, ToolchainMissing
from mgecc.toolrun.process import ToolError

from .conftest import ROOT, Checkout
from .test_robust import start

ONE = ("target=arm64", "model=first")


def test_an_input_that_cannot_be_used_is_status_2(checkout: Checkout) -> None:
    assert "conv1: cannot do this" in checkout.scons(
        "target=arm64", f"model={_model(checkout, 'broken')}", status=INPUT
    )
    assert "did you mean arm64?" in checkout.scons("target=arm65", "model=first", status=INPUT)


def test_a_compiler_that_refuses_is_status_3(checkout: Checkout) -> None:
    path = checkout.root / "runtime" / "src" / "loader.c"
    path.write_text("this is no C\n")
    said = checkout.scons(*ONE, status=FAILED)
    assert "loader.c:1" in said and "loader.o] Error 3" in said


def test_an_interrupted_build_is_status_130(checkout: Checkout) -> None:
    for word in ("-j1", "-j2"):
        build = start(checkout, "-Q", "target=arm64", f"model={_model(checkout, f'slow {word}')}", word)
        assert build.stdout and build.stdout.readline().startswith("  ")
        os.kill(build.pid, signal.SIGINT)
        said = build.communicate()[0]
        assert build.returncode == 130 and "Traceback" not in said and "AR " not in said
    assert "AR " in checkout.scons("target=arm64", "model=third")


SIGNAL_OF_A_WORKER = """
import signal, threading, time, types
from SCons.Taskmaster.Job import NewParallel
from mgecc.scons.interrupt import tell_interruptions

handled = threading.Event()
signal.signal(signal.SIGINT, lambda *_: handled.set())

def work():
    time.sleep(0.3)  # until the main thread waits
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    print("handled" if handled.wait(20) else "handled too late")

tell_interruptions()
NewParallel.Worker(types.SimpleNamespace(_work=work)).join()
"""


def test_a_signal_that_a_worker_takes_is_handled_while_it_works() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "rules")}
    done = subprocess.run(
        [sys.executable, "-c", SIGNAL_OF_A_WORKER],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("handled\n", "")


def test_a_comparison_that_fails_is_status_1(checkout: Checkout) -> None:
    checkout.scons(*ONE)
    (checkout.root / "build" / "arm64" / "first" / "first.h").unlink()
    assert "first.h: missing" in checkout.scons("verify-outputs", *ONE, status=DIFFERENT)
    (checkout.root / "tests").mkdir()
    (checkout.root / "tests" / "test_it.py").write_text("def test_it():\n    assert False\n")
    checkout.scons("test", status=DIFFERENT)


def test_arguments_of_the_tests_that_pytest_refuses_are_told(checkout: Checkout) -> None:
    said = checkout.scons("test", "args=tests/test_nothing.py", "-j2", status=INPUT)
    assert "file or directory not found: tests/test_nothing.py" in said


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("x"), INPUT),
        (CasesError("x"), INPUT),
        (TargetError("x"), INPUT),
        (ToolchainMissing("x"), FAILED),
        (ToolError("x"), FAILED),
        (FileNotFoundError(2, "No such file or directory", "x.png"), INPUT),
        (OSError(28, "No space left on device"), FAILED),
        (ZeroDivisionError("x"), FAILED),
    ],
)
def test_the_command_has_the_same_statuses(
    error: Exception, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_first: str, _args: list[str]) -> int:
        raise error

    monkeypatch.setattr(cli, "_dispatch", fail)
    assert cli.main(["targets"]) == status
    assert capsys.readouterr().err.startswith("mgecc: error: ")


def test_what_other_programs_end_with_is_a_failure() -> None:
    assert [nearest_status(status) for status in (0, 1, 2, 3, 70, -9)] == [0, 1, 2, 3, 3, 3]


def _model(checkout: Checkout, data: str) -> str:
    checkout.add_model("third", data)
    return "third"
