"""The NumPy meanings give MegEngine's own results for every file of the corpus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mgecc import interpret
from mgecc.frontends.mge.importer import import_mge
from mgecc.graph import Graph

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
MANIFEST: dict[str, dict[str, Any]] = {
    e["name"]: e for e in json.loads((CORPUS / "manifest.json").read_text())
}


def arrays(name: str) -> dict[str, np.ndarray]:
    path = CORPUS / f"{name}.npz"
    return dict(np.load(path)) if path.exists() else {}


def has_outputs(name: str) -> bool:
    return any(key.startswith("out.") for key in arrays(name))


WITH_OUTPUTS = sorted(name for name in MANIFEST if has_outputs(name))
WITHOUT_OUTPUTS = sorted(set(MANIFEST) - set(WITH_OUTPUTS))


def imported(name: str) -> Graph:
    return import_mge((CORPUS / f"{name}.mge").read_bytes(), f"{name}.mge")


def assert_same(got: np.ndarray, want: np.ndarray, entry: dict[str, Any]) -> None:
    assert got.shape == (want.shape or (1,))
    assert got.dtype == want.dtype
    if want.dtype.kind == "f":
        np.testing.assert_allclose(got, want.reshape(got.shape), rtol=entry["rtol"], atol=entry["atol"])
    else:
        np.testing.assert_array_equal(got, want.reshape(got.shape))


@pytest.mark.parametrize("name", WITH_OUTPUTS)
def test_results_are_those_of_megengine(name: str) -> None:
    stored = arrays(name)
    graph = imported(name)
    inputs = {key[3:]: value for key, value in stored.items() if key.startswith("in.")}
    results = interpret.run(graph, inputs)
    assert len(results) == sum(key.startswith("out.") for key in stored)
    for k, result in enumerate(results):
        assert_same(result, stored[f"out.{k}"], MANIFEST[name])
