"""``env.MgeTest``: a model compared with its recorded outputs, or a firmware run, on the target."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from SCons.Errors import UserError

from mgecc.errors import DIFFERENT, FAILED, nearest_status
from mgecc.scons.actions import SignedAction, step_line
from mgecc.scons.decider import own_environment
from mgecc.scons.firmware import FirmwareNodes
from mgecc.scons.model import ModelNodes, peek
from mgecc.scons.pipeline import PipelineNodes
from mgecc.targets import load_target
from mgecc.toolrun.emulators import EmulatorMissing
from mgecc.toolrun.process import write_atomically
from mgecc.toolrun.start import run_image
from mgecc.toolrun.terminal import printable

# What a test run gives: the status that it stands for, and what it printed.
Outcome = tuple[int, str]


def mge_test(
    env: Any, name: str, subject: Any, inputs: Any = None, expected: Any = None, model: str = ""
) -> Any:
    """Run a model or a firmware on its target (in an emulator where the host cannot) and judge what it gives.

    ``subject``: what MgeModel, MgePipeline or MgeFirmware returned. A model runs the recorded ``inputs`` (.npz) and its
    outputs are compared with ``expected`` (.npz), within the limits of model.yaml; both default to those of
    model.yaml. Of several models in a library, all are run one after the other, or the one called ``model``; with
    ``inputs`` or ``expected`` it must be named. A firmware must end with status 0 and print exactly the text in the
    file ``expected``, if one is given.
    Returns the node of ``obj/NAME.txt``, written only when the test passes; the alias ``name`` stands for it. The test
    runs again when anything it depends on has changed.
    """
    if not isinstance(subject, (ModelNodes, FirmwareNodes)):
        raise UserError("MgeTest needs what MgeModel, MgePipeline or MgeFirmware returned")
    files = {key: env.File(path) for key, path in (("inputs", inputs), ("expected", expected)) if path}
    if isinstance(subject, FirmwareNodes):
        configs, run = {}, _firmware(subject, files)
    else:
        configs = _chosen(name, subject, model, bool(files))
        run = _models(subject, configs, files)

    def execute(target: list[Any], source: list[Any], env: Any) -> int:
        status, said = run()
        sys.stdout.write(printable(said))
        sys.stdout.flush()
        if status == 0:
            write_atomically(Path(str(target[0])), said.encode())
        return status

    signature = f"TEST {sorted(files)} {' '.join(configs)}"
    action = SignedAction(execute, signature, step_line("TEST", subject.label, name))
    sources = [
        *subject,
        *files.values(),
        *(node for config in configs.values() for node in _recorded(config)),
    ]
    node = own_environment(env).Command(f"{subject.folder}/obj/{name}.txt", sources, action)
    env.Alias(name, node)
    return node


def _chosen(name: str, subject: ModelNodes, model: str, recorded: bool) -> dict[str, Any]:
    """Configurations of the models to run, by their names."""
    configs = subject.configs if isinstance(subject, PipelineNodes) else {}
    every = {each: configs.get(each, subject.config) for each in subject.headers}
    if model and model not in every:
        raise UserError(f"MgeTest {name}: {subject.name} has no model {model!r}; it has {', '.join(every)}")
    if recorded and not model and len(every) > 1:
        raise UserError(f"MgeTest {name}: say whose inputs and outputs they are: model={next(iter(every))!r}")
    return {model: every[model]} if model else every


def _recorded(config: Any) -> list[Any]:
    """model.yaml and the recordings it names."""
    folder = config.srcnode().dir
    named = peek(config).get("verify")
    paths = [named.get(key) for key in ("inputs", "expected")] if isinstance(named, dict) else []
    return [config, *(folder.File(path) for path in paths if isinstance(path, str))]


def _models(subject: ModelNodes, configs: dict[str, Any], files: dict[str, Any]) -> Callable[[], Outcome]:
    args = ["--target", subject.target, "--toolchain", subject.toolchain, "--optimize", subject.optimize]
    args += ["--cpu", subject.cpu] if subject.cpu else []

    def run() -> Outcome:
        # Not before: while an SConscript is read, nodes are named from its folder.
        given = [word for key, node in files.items() for word in (f"--{key}", str(node))]
        place = ["--products", str(Path(str(subject.blob)).parent), "--library", subject.name]
        outcomes = [
            _command(["verify", str(config.srcnode()), "--name", model, *place, *args, *given])
            for model, config in configs.items()
        ]
        return max(status for status, _ in outcomes), "".join(said for _, said in outcomes)

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
