"""The guide to new operators is followed to the letter: its files in a copy of the sources make an operator."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from copied import copy_folders
from mgecc.toolrun.emulators import EmulatorMissing

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "frontends"))

from mge_writer import MgeFile

GUIDE = (ROOT / "docs" / "new-operator.md").read_text(encoding="utf-8")
FILES: dict[str, str] = dict(
    re.findall(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources with the guide's files among them."""
    root = tmp_path_factory.mktemp("sources")
    copy_folders(root, "rules/mgecc", "runtime", "tests/common")
    for name, text in FILES.items():
        path = root / name
        assert not path.exists(), f"{name} is in the sources already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in (ROOT / "tests" / "kernels").glob("*.py"):
        if not path.name.startswith("test_"):
            shutil.copy(path, root / "tests" / "kernels")
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def python(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(root / "rules")}
    return subprocess.run(
        [sys.executable, *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
    )


def model(folder: Path, *shape: int, dtype: str = "float32") -> tuple[Path, Path]:
    """A model of two layers around the operator, and recorded cases of it."""
    from mge_writer import dtype_table

    m = MgeFile()
    x = m.input("x", *shape, dtype=dtype_table(dtype))
    centred = m.record("CenterRows", [x], "centred")
    m_bytes = m.bytes(m.record("Elemwise", [centred], "y", mode="ABS"))
    (folder / "model.mge").write_bytes(m_bytes)
    x = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    want = np.abs(x - x.mean(axis=-1, keepdims=True))
    np.savez(folder / "cases.npz", **{"in.x": x, "out.0": want})
    return folder / "model.mge", folder / "cases.npz"


def test_the_guide_shows_four_files_and_what_belongs_to_them() -> None:
    assert sorted(name.rsplit("/", 1)[-1] for name in FILES) == [
        "__init__.py", "center_rows.py", "center_rows.py", "rows.c.j2", "spec.py", "test_center_rows.py",
    ]  # fmt: skip


@pytest.mark.parametrize("target", ["x86_64", "arm64"])
def test_a_model_with_the_operator_gives_the_right_numbers(copy: Path, target: str, tmp_path: Path) -> None:
    file, cases = model(tmp_path, 3, 5, 37)
    recorded = ["--inputs", str(cases), "--expected", str(cases), "--atol", "1e-5"]
    done = python(copy, "-m", "mgecc.cli", "verify", str(file), "--target", target, *recorded)
    if "emulator" in done.stderr:
        raise EmulatorMissing(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0/555" in done.stdout


def test_what_the_operator_refuses_is_told_with_its_node(copy: Path, tmp_path: Path) -> None:
    file, _ = model(tmp_path, 2, 3, dtype="int32")
    done = python(copy, "-m", "mgecc.cli", "check", str(file), "--target", "armv7")
    assert done.returncode == 2
    assert "centred (CenterRows, record 1 (CenterRows)" in done.stderr
    assert "its operand 0 is int32[2, 3], where float32 or float16 must stand; convert it" in done.stderr


def test_the_tests_of_the_guide_pass(copy: Path) -> None:
    done = python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/kernels/test_center_rows.py")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_the_operator_stands_in_the_table(copy: Path) -> None:
    done = python(copy, "-m", "mgecc.cli", "ops")
    assert re.search(r"^CenterRows +center_rows +floating point$", done.stdout, re.MULTILINE)
    assert "CenterRows" not in (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
