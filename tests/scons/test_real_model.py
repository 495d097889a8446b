"""The whole way with the real compiler: build, run on the target, compare with the recorded outputs."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from copied import copy_folders
from mgecc import cli
from mgecc.config import load_cases, save_cases
from mgecc.targets import load_target
from mgecc.toolrun.emulators import find_emulator, launcher

from .conftest import ROOT, Checkout

DIGITS = ROOT / "models" / "digits"


@pytest.fixture
def real(tmp_path: Path) -> Checkout:
    root = tmp_path / "real"
    copy_folders(root, "rules", "site_scons", "runtime")
    shutil.copytree(DIGITS, root / "models" / "digits")
    shutil.copy(ROOT / "SConstruct", root)
    return Checkout(root)


def need_emulators(name: str) -> None:
    target = load_target(name)
    for member in target.members or (name,):
        single = load_target(member)
        find_emulator(single.emulator[0]) if single.system == "none" else launcher(single)


@pytest.mark.parametrize("target", ["arm64", "armv7", "arm64v7", "x86_64", "baremetal"])
def test_digits_are_right_on_every_target(real: Checkout, target: str) -> None:
    need_emulators(target)
    said = real.scons("verify", f"target={target}", "model=digits")
    assert "64 cases" in said and "WRONG" not in said
    assert said.count(" ok\n") == len(load_target(target).members or [target])


def test_layers_are_compared_where_that_is_asked_for(real: Checkout) -> None:
    need_emulators("x86_64")
    said = real.scons("verify", "target=x86_64", "model=digits", "layers=1")
    assert "fc.MatrixMul (MatrixMul)" in said and "no layer diverges" in said


def test_a_real_build_is_not_repeated(real: Checkout) -> None:
    assert len(real.steps("target=armv7", "model=digits")) > 6
    assert real.steps("target=armv7", "model=digits") == []


def test_reports_are_made_and_compared(real: Checkout) -> None:
    for target in ("cortex-m4", "cortex-m0"):
        assert "report.html" in real.scons("report", f"target={target}", "model=digits")
    folders = [f"build/{target}/digits" for target in ("cortex-m4", "cortex-m0")]
    assert all((real.root / folder / "report.html").exists() for folder in folders)
    said = real.scons("report-diff", *folders)
    assert "kernel code bytes" in said
    assert "two folders" in real.scons("report-diff", folders[0], status=2)


def test_run_prints_labels(real: Checkout) -> None:
    need_emulators("x86_64")
    said = real.scons("run", "target=x86_64", "model=digits")
    labels = (DIGITS / "labels.txt").read_text().splitlines()
    assert "ms a run" in said and f"  {labels[0]}\n" in said


def test_profiles_are_measured_and_shown(real: Checkout) -> None:
    need_emulators("cortex-m4")
    said = real.scons("profile", "target=cortex-m4", "model=digits")
    folder = real.root / "build" / "cortex-m4" / "digits"
    assert "of ideal" in said and "report.html" in said
    (plan,) = json.loads((folder / "profile.json").read_text())["otherData"]["plans"]
    assert plan["unit"] == "instructions"
    assert "Measured instructions" in (folder / "report.html").read_text()


def test_layers_are_compared_on_a_users_own_input(real: Checkout) -> None:
    need_emulators("x86_64")
    np.save(real.root / "own.npy", load_cases(DIGITS / "inputs.npz")["in.data"][:2])
    words = ("verify", "target=x86_64", "model=digits", "layers=1", "input=own.npy")
    assert "no layer diverges" in real.scons(*words)
    page = real.root / "build" / "x86_64" / "digits" / "report.html"
    assert "Beside NumPy: no layer diverges." in page.read_text(encoding="utf-8")
    assert "not an ONNX file" in real.scons(*words, "reference=onnx", status=2)


def verify(tmp_path: Path, change: float, *more: str) -> int:
    """``mgecc verify`` of the digits against outputs of which one number is changed."""
    expected = dict(load_cases(DIGITS / "expected.npz"))
    expected["out.0"] = expected["out.0"].copy()
    expected["out.0"][3, 0, 5] += np.float32(change)
    save_cases(tmp_path / "expected.npz", expected)
    arrays = ["--inputs", str(DIGITS / "inputs.npz"), "--expected", str(tmp_path / "expected.npz")]
    return cli.main(["verify", str(DIGITS / "digits.mge"), "--target", "x86_64", *arrays, *more])


def test_verify_sees_one_wrong_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need_emulators("x86_64")
    assert verify(tmp_path, 0.0) == 0
    assert verify(tmp_path, 0.1) == 1
    assert "1/640" in capsys.readouterr().out
    assert verify(tmp_path, 0.1, "--atol", "0.2") == 0
    assert verify(tmp_path, 0.0, "--atol", "1e-9") == 1


def test_compile_writes_the_same_as_the_rules(real: Checkout, tmp_path: Path) -> None:
    real.scons("target=armv7", "model=digits")
    built = real.root / "build" / "armv7" / "digits"
    out = tmp_path / "out"
    assert (
        cli.main(["compile", str(DIGITS / "model.yaml"), "--target", "armv7", "--out", str(out), "--split"])
        == 0
    )
    names = [path.name for path in built.iterdir() if path.is_file()]
    assert len(names) == 9
    for name in names:
        assert (out / name).read_bytes() == (built / name).read_bytes(), name
    assert sorted((out / "kernels").glob("*.c"))


def test_threads_are_asked_for_on_the_command_line(real: Checkout) -> None:
    need_emulators("arm64")
    alone = real.scons("target=arm64", "model=digits", "verify")
    header = real.root / "build/arm64/digits/digits.h"
    assert "ok" in alone and "THREADS" not in header.read_text()
    assert "ok" in real.scons("target=arm64", "model=digits", "verify", "threads=2")
    assert "#define DIGITS_THREADS 2" in header.read_text()
    said = real.scons("target=baremetal", "model=digits", "threads=2", status=2)
    assert "baremetal has no threads" in said and "leave `threads: 2` out for it" in said


def test_limits_of_memory_are_given_on_the_command_line(real: Checkout) -> None:
    real.scons("target=arm64", "model=digits", "flash=1M", "ram=64K")
    said = real.scons("target=arm64", "model=digits", "ram=1000", status=2)
    assert "more than `ram: 1000`" in said
    said = real.scons("target=arm64", "model=digits", "flash=2K", "ram=1000", status=2)
    assert (
        "weights alone take" in said and "more than `flash: 2048`" in said and "more than `ram: 1000`" in said
    )


def test_flash_holds_weights_and_code_through_both_doors(
    real: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real.scons("target=baremetal", "model=digits")
    built = real.root / "build" / "baremetal" / "digits"
    weights = json.loads((built / "report.json").read_text())["weights"]
    (built / "libdigits.a").unlink()
    said = real.scons("target=baremetal", "model=digits", f"flash={weights + 100}", status=2)
    found = re.search(
        r"takes (\d+) bytes of flash, (\d+) more than .*: (\d+) for weights and program, (\d+) for", said
    )
    assert found is not None
    total, over, data, code = map(int, found.groups())
    assert total == data + code == weights + 100 + over and data >= weights and code > 2000
    assert not (built / "libdigits.a").exists()
    real.scons("target=baremetal", "model=digits", f"flash={total}")
    assert (built / "libdigits.a").exists()
    real.scons("target=baremetal", "model=digits", f"flash={total - 1}", status=2)
    config = real.root / "models" / "digits" / "model.yaml"
    config.write_text(config.read_text() + f"flash: {total - 1}\nram: 1M\n")
    line = config.read_text().splitlines().index(f"flash: {total - 1}") + 1
    assert f"model.yaml:{line}:1: the library takes {total} bytes" in real.scons(
        "target=baremetal", "model=digits", status=2
    )
    out = tmp_path / "out"
    assert cli.main(["compile", str(config), "--target", "baremetal", "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(
        f"mgecc: error: {config}:{line}:1: the library takes {total} bytes of flash, 1 more"
    )
    assert error.count("\n") == 1 and not list(out.rglob("*.a"))
