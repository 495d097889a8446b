"""Several processes that compile into one folder at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CORPUS = Path(__file__).resolve().parents[1] / "data" / "mge-corpus"
MODELS = ("cumsum", "softmax")


def compile_into(folder: Path, model: str) -> subprocess.Popen[str]:
    words = [str(CORPUS / f"{model}.mge"), "--target", "x86_64", "--toolchain", "gcc", "--name", "net"]
    return subprocess.Popen(
        [sys.executable, "-m", "mgecc.cli", "compile", *words, "--out", os.fspath(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_compilations_into_one_folder_all_succeed_and_leave_the_products_of_one(tmp_path: Path) -> None:
    alone = []
    for model in MODELS:
        said, _ = compile_into(tmp_path / model, model).communicate()
        alone.append(files(tmp_path / model))
        assert "libnet.a" in said
    running = [compile_into(tmp_path / "together", model) for model in MODELS * 2]
    said = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * 4, said
    assert files(tmp_path / "together") in alone
    assert any("waiting for another mgecc" in text for text in said)
