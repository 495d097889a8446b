"""What operators mean is the same to the last bit whatever processor NumPy and its BLAS find."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
# What of the processor NumPy uses beyond the least that it needs, from the oldest on.
FEATURES = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])


def digests(settings: dict[str, str], shared: Path, models: Iterable[str] = ()) -> dict[str, str]:
    command = [sys.executable, str(HERE / "same_bits.py"), str(shared), *models]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def here(shared_folder: Path) -> dict[str, str]:
    return digests({}, shared_folder / "onnx_backend")


@pytest.mark.parametrize(("core", "known"), [("Nehalem", 0), ("Haswell", 1)])
def test_meanings_and_folded_constants_are_the_same_bits_on_every_processor(
    core: str, known: int, here: dict[str, str], shared_folder: Path
) -> None:
    settings = {"OPENBLAS_CORETYPE": core, "NPY_DISABLE_CPU_FEATURES": " ".join(FEATURES[known:])}
    there = digests(settings, shared_folder / "onnx_backend", here)
    assert {"folded", "windows", "jarvis"} <= set(here) and len(here) > 160
    assert there == here, [name for name in here if there.get(name) != here[name]]
