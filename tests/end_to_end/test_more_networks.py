"""Trained networks that may not be published with the project give MegEngine's results, too, where they are at hand.

They lie in ``shared/models`` beside this checkout, or where MGECC_MORE_MODELS says: a folder each with model.mge,
inputs.npz, expected.npz and a manifest.json that says how inputs are made.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mgecc.config import ModelConfig, Verify
from mgecc.targets import load_target
from mgecc.toolrun.session import compile_and_build, prepare
from mgecc.toolrun.verify import verify

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("MGECC_MORE_MODELS", ROOT.parent / "shared" / "models"))
MANIFESTS = sorted(FOLDER.glob("*/manifest.json"))
TARGETS = ("x86_64", "arm64", "armv7", "baremetal")


def _published(manifest: Path) -> bool:
    """Whether the network is one of models/, which have their own tests."""
    name = (
        manifest.parent.name.replace("_v2", "")
        .replace("_short", "")
        .replace("_slim_x2", "")
        .replace("_81k", "")
    )
    return (ROOT / "models" / name.removesuffix("_f32")).is_dir()


NETWORKS = [path for path in MANIFESTS if not _published(path)]


def _inputs(told: dict[str, Any], folder: Path) -> np.ndarray:
    """Two cases (case, 1, ...) of the network's input, from the recorded pictures or features."""
    how = told["preprocess"]
    with np.load(folder / "inputs.npz") as recorded:
        x = recorded[how["from"].split(":")[1].split()[0].rstrip(",")][:2].astype(np.float32)
    if "mean" in how:
        x = ((x - np.float32(how["mean"])) / np.float32(how["std"])).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(x.reshape(-1, *told["input"]["shape"]))


def _expected(told: dict[str, Any], folder: Path) -> np.ndarray:
    """Of large outputs only that of the first case is recorded."""
    name, shape = told["output"]["name"], told["output"]["shape"]
    with np.load(folder / "expected.npz") as recorded:
        found = recorded[name if name in recorded else f"{name}_first"][:2]
    return found.reshape(-1, *shape)


@pytest.mark.skipif(not NETWORKS, reason="no folder of more networks: set MGECC_MORE_MODELS")
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("manifest", NETWORKS, ids=[path.parent.name for path in NETWORKS])
def test_gives_the_results_of_megengine(manifest: Path, target: str, tmp_path: Path) -> None:
    told, folder = json.loads(manifest.read_text(encoding="utf-8")), manifest.parent
    expected = _expected(told, folder)
    inputs = {f"in.{told['input']['name']}": _inputs(told, folder)[: len(expected)]}
    config = ModelConfig(folder / "model.mge", told["name"], folder / "model.mge")
    libraries = compile_and_build(config, load_target(target), "zig", tmp_path / "products")
    atol = told["tolerance"]["max_abs"] if told["precision"].startswith("float") else 1e-5
    session = prepare(libraries, "zig", tmp_path / "runner")
    results = verify(session, inputs, {"out.0": expected}, Verify(rtol=0.0, atol=atol))
    (errors,) = results.values()
    assert [(error.cases, error.ok) for error in errors] == [(len(expected), True)], errors
