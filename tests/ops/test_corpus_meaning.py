"""The NumPy meanings give MegEngine's own results for every file of the corpus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mgecc import interpret
from mgecc.frontends.mge import read_mge
from mgecc.frontends.mge.importer import import_mge
from mgecc.graph import CompileError, Graph

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


@pytest.mark.parametrize("name", WITH_OUTPUTS)
def test_every_value_has_the_type_that_was_inferred(name: str) -> None:
    graph = imported(name)
    inputs = {key[3:]: value for key, value in arrays(name).items() if key.startswith("in.")}
    for value, array in interpret.run(graph, inputs, keep=True).items():
        assert array.dtype == value.type.dtype.numpy
        if value.producer is not None and value.producer.varies:
            assert array.ndim == len(value.shape)
            assert all(n <= bound for n, bound in zip(array.shape, value.shape))
        else:
            assert array.shape == value.shape


# Files that MegEngine itself could not run for comparison: what they lead to.
REFUSED = {
    "dropout_training": ["dropout with probability 0.4"],
    "extern_opr": ["code outside of the model file"],
    "layout_hwcd4": ["NHWCD4"],
    "random_numbers": ["random numbers", "random numbers"],
}
STORED_CASES = ["test_cases", "test_cases_fbs", "test_cases_no_assert"]
STORED_CONSTANTS = ["constants", "constants_fbs"]
SERVED = {"batch_conv_bias": (2, 4, 5, 5), "conv_bias_z": (1, 4, 6, 6)}


def test_files_without_results_are_all_looked_at() -> None:
    assert WITHOUT_OUTPUTS == sorted([*REFUSED, *STORED_CASES, *STORED_CONSTANTS, *SERVED])


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_cannot_be_served_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(CompileError) as caught:
        imported(name)
    assert len(caught.value.problems) == len(REFUSED[name])
    for problem, why in zip(caught.value.problems, REFUSED[name]):
        assert why in problem.why
        assert problem.advice
        assert "at byte" in problem.origin


@pytest.mark.parametrize("name", STORED_CONSTANTS)
def test_constants_hold_the_stored_integers(name: str) -> None:
    results = interpret.run(graph := imported(name), {})
    for (output, _), got in zip(graph.outputs, results):
        want = arrays(name)[f"stored.{output}"]
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("name", STORED_CASES)
def test_cases_stored_in_the_file_give_the_expected_results(name: str) -> None:
    graph = imported(name)
    cases = read_mge((CORPUS / f"{name}.mge").read_bytes()).test_cases
    assert cases
    for case in cases:
        inputs = {v.name: case[v.name] for v in graph.inputs}
        for (output, value), got in zip(graph.outputs, interpret.run(graph, inputs)):
            assert got.shape == value.shape
            if f"{output}:expect" in case:
                np.testing.assert_allclose(got, case[f"{output}:expect"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", sorted(SERVED))
def test_files_that_megengine_cannot_run_still_run_here(name: str) -> None:
    graph = imported(name)
    rng = np.random.default_rng(0)
    inputs = {v.name: rng.standard_normal(v.shape).astype(np.float32) for v in graph.inputs}
    (result,) = interpret.run(graph, inputs)
    assert result.shape == SERVED[name]
    assert np.isfinite(result).all() and result.std() > 0
