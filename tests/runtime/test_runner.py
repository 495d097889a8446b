"""The runner gives the right bytes on every machine, and one line for every problem."""

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from build_runner import build, build_hosted, command, target_of
from mgecc import emit
from mgecc.planner import Program
from mgecc.targets import ToolchainMissing
from tiny_program import bound_program, expected, tiny_program

TARGETS = ["x86_64", "arm64", "armv7", "baremetal"]


def cases(count: int) -> tuple[bytes, bytes]:
    """Inputs and expected outputs."""
    rng = np.random.default_rng(5)
    given, wanted = b"", b""
    for _ in range(count):
        x, ints = rng.standard_normal(6).astype(np.float32), rng.integers(-1000, 1000, 6).astype(np.int32)
        given += x.tobytes() + ints.tobytes()
        wanted += expected(x, ints)
    return given, wanted


def start(target, runner: Path, *args: str) -> subprocess.CompletedProcess:
    made = command(target, runner, args)
    return subprocess.run(made, cwd=runner.parent, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("make", [tiny_program, bound_program])
@pytest.mark.parametrize("toolchain", ["zig", "gcc", "clang"])
@pytest.mark.parametrize("name", TARGETS)
def test_outputs_are_right_on_every_machine(
    name: str, toolchain: str, make: Callable[..., Program], tmp_path: Path
) -> None:
    target = target_of(name)
    try:
        runner = build(make(target=name), target, toolchain, tmp_path)
    except ToolchainMissing as missing:
        pytest.skip(str(missing))
    given, wanted = cases(3)
    (tmp_path / "in").write_bytes(given)
    done = start(target, runner, "in", "out")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    got = (tmp_path / "out").read_bytes()
    assert len(got) == len(wanted)
    for i in range(3):
        part = slice(28 * i, 28 * i + 24)
        y, want = np.frombuffer(got[part], np.float32), np.frombuffer(wanted[part], np.float32)
        assert np.allclose(y, want, rtol=1e-6, atol=1e-6)
        assert got[28 * i + 24 : 28 * i + 28] == wanted[28 * i + 24 : 28 * i + 28]


@pytest.fixture(scope="module")
def hosted(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("hosted")


@pytest.fixture
def runner(hosted: Path) -> Path:
    if not (hosted / "runner").exists():
        build_hosted(
            tiny_program(), target_of("x86_64"), hosted, ["gcc", "-g", "-fsanitize=address,undefined"]
        )
    (hosted / "in").write_bytes(cases(2)[0])
    return hosted / "runner"


def test_repeated_runs_read_their_inputs_again_and_print_times(runner: Path) -> None:
    target = target_of("x86_64")
    assert start(target, runner, "in", "once").returncode == 0
    done = start(target, runner, "in", "often", "--repeat", "4", "--layers")
    lines = done.stdout.split("\n")
    assert done.returncode == 0, done.stderr
    assert lines.count("call 2") == 2 and sum(line.startswith("ns ") for line in lines) == 2 * (3 + 4)
    assert (runner.parent / "once").read_bytes() == (runner.parent / "often").read_bytes()


def test_new_weights_come_from_a_blob_file(runner: Path) -> None:
    other = tiny_program(seed=2)
    (runner.parent / "other.blob").write_bytes(emit.write_blob([other], [target_of("x86_64")]))
    assert start(target_of("x86_64"), runner, "in", "out2", "--blob", "other.blob").returncode == 0
    numbers = np.frombuffer((runner.parent / "in").read_bytes()[:24], np.float32)
    ints = np.frombuffer((runner.parent / "in").read_bytes()[24:48], np.int32)
    got = np.frombuffer((runner.parent / "out2").read_bytes()[:24], np.float32)
    want = np.frombuffer(expected(numbers, ints, seed=2)[:24], np.float32)
    assert np.allclose(got, want, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("missing", "out"), "runner: cannot read: missing\n"),
        (("in",), "runner: usage: "),
        (("in", "out", "--repeat", "x"), "runner: usage: "),
        (("in", "out", "more"), "runner: unknown argument: more\n"),
        (("in", "out", "--blob", "in"), "runner: cannot open the model: not a model blob\n"),
        (("in", "out", "--blob", "none"), "runner: cannot load: none\n"),
        (("short", "out"), "runner: the last case is incomplete: short\n"),
        (("in", "out", "--dump", "none"), "runner: cannot dump what is listed in: none\n"),
        (("in", "out", "--dump", "outside"), "runner: cannot dump what is listed in: outside\n"),
        (("in", "out", "--dump", "beyond"), "runner: cannot dump what is listed in: beyond\n"),
    ],
)
def test_problems_are_one_line(runner: Path, args: tuple[str, ...], text: str) -> None:
    (runner.parent / "short").write_bytes(cases(2)[0][:-1])
    (runner.parent / "outside").write_bytes(struct.pack("<3I", 0, 1, 0xFFFFFFFF))
    (runner.parent / "beyond").write_bytes(struct.pack("<3I", 99, 0, 4))
    done = start(target_of("x86_64"), runner, *args)
    assert done.returncode == 1 and done.stdout.startswith(text) and done.stdout.count("\n") == 1
