"""``env.MgeTest``: a model compared with its recorded outputs, or a firmware run, on the target."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from SCons.Errors import UserError

from mgecc.rules.actions import SignedAction, step_line
from mgecc.rules.firmware import FirmwareNodes
from mgecc.rules.model import ModelNodes, peek
from mgecc.targets import load_target
from mgecc.toolrun.emulators import EmulatorMissing
from mgecc.toolrun.process import write_atomically
from mgecc.toolrun.start import run_image
from mgecc.toolrun.status import DIFFERENT, FAILED, nearest_status

# What a test run gives: the status that it stands for, and what it printed.
Outcome = tuple[int, str]


def mge_test(env: Any, name: str, subject: Any, inputs: Any = None, expected: Any = None) -> Any:
    """Run a model or a firmware on its target (in an emulator where the host cannot) and judge what it gives.

    ``subject``: what MgeModel or MgeFirmware returned. A model runs the recorded ``inputs`` (.npz) and its outputs are
    compared with ``expected`` (.npz), within the limits of model.yaml; both default to those of model.yaml. A firmware
    must end with status 0 and print exactly the text in the file ``expected``, if one is given.
    Returns the node of the record, ``obj/NAME.txt``, which is there only if the test was passed; the alias ``name``
    stands for it. It runs again when anything it depends on has changed.
    """
    kinds: dict[type, Callable[..., Callable[[], Outcome]]] = {ModelNodes: _model, FirmwareNodes: _firmware}
    if type(subject) not in kinds:
        raise UserError("MgeTest needs what MgeModel or MgeFirmware returned")
    files = {key: env.File(path) for key, path in (("inputs", inputs), ("expected", expected)) if path}
    run = kinds[type(subject)](subject, files)

    def execute(target: list[Any], source: list[Any], env: Any) -> int:
        status, said = run()
        sys.stdout.write(said)
        sys.stdout.flush()
        if status == 0:
            write_atomically(Path(str(target[0])), said.encode())
        return status

    action = SignedAction(execute, f"TEST {sorted(files)}", step_line("TEST", subject.label, name))
    sources = [*subject, *files.values(), *_recorded(subject)]
    node = env.Command(f"{subject.folder}/obj/{name}.txt", sources, action)
    env.Alias(name, node)
    return node


def _recorded(subject: Any) -> list[Any]:
    """model.yaml and the recordings it names, for a model."""
    if not isinstance(subject, ModelNodes):
        return []
    folder = subject.config.srcnode().dir
    named = peek(subject.config).get("verify")
    paths = [named.get(key) for key in ("inputs", "expected")] if isinstance(named, dict) else []
    return [subject.config, *(folder.File(path) for path in paths if isinstance(path, str))]


def _model(subject: ModelNodes, files: dict[str, Any]) -> Callable[[], Outcome]:
    def run() -> Outcome:
        args = ["verify", str(subject.config), "--target", subject.target, "--name", subject.name]
        args += ["--toolchain", subject.toolchain, "--optimize", subject.optimize]
        args += ["--products", str(Path(str(subject.blob)).parent)]
        args += ["--cpu", subject.cpu] if subject.cpu else []
        args += [word for key, node in files.items() for word in (f"--{key}", str(node))]
        return _command(args)

    return run


def _command(args: list[str]) -> Outcome:
    package = os.fspath(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-m", "mgecc.cli", *args],
        env=os.environ | {"PYTHONPATH": package},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return nearest_status(done.returncode), done.stdout


def _firmware(subject: FirmwareNodes, files: dict[str, Any]) -> Callable[[], Outcome]:
    def run() -> Outcome:
        target = load_target(subject.target, subject.cpu)
        try:
            status, said = run_image(Path(str(subject.elf)), target, subject.board)
        except (EmulatorMissing, TimeoutError) as error:
            return FAILED, f"mgecc: error: {error}\n"
        if status:
            return DIFFERENT, f"{said}mgecc: error: {subject.name} ended with status {status}\n"
        return _judge(said, files.get("expected"))

    return run


def _judge(said: str, expected: Any) -> Outcome:
    if expected is not None and Path(str(expected)).read_text(encoding="utf-8") != said:
        return DIFFERENT, f"{said}mgecc: error: this is not what {expected} has\n"
    return 0, said
