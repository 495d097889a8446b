"""Support vector machines and label encoders of ONNX give what the standard's reference evaluator does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from networks import model, survey
from onnx import helper, numpy_helper
from operators import check, computed, problems_of

X = np.random.default_rng(3).normal(1, 1, (7, 4)).astype(np.float32)
ML: dict[str, Any] = {"domain": "ai.onnx.ml"}
KERNELS = {
    "LINEAR": [0.0, 0.0, 0.0], "POLY": [0.5, 1.0, 3.0], "RBF": [0.3, 0.0, 0.0], "SIGMOID": [0.2, -0.1, 0.0],
}  # fmt: skip


def _machine(kind: str, classes: int, **more: Any) -> dict[str, Any]:
    rng = np.random.default_rng(classes)
    counts, pairs = [k + 2 for k in range(classes)], classes * (classes - 1) // 2
    return {
        "kernel_type": kind, "kernel_params": KERNELS[kind], "vectors_per_class": counts,
        "support_vectors": rng.normal(1, 1, sum(counts) * 4).tolist(),
        "coefficients": rng.normal(0, 1, sum(counts) * (classes - 1)).tolist(),
        "rho": rng.normal(0, 0.3, pairs).tolist(), "classlabels_ints": [7, 3, 5][:classes], **more, **ML,
    }  # fmt: skip


@pytest.mark.parametrize("one_class", [0, 1])
@pytest.mark.parametrize("kind", KERNELS)
def test_regressions_by_support_vectors(kind: str, one_class: int) -> None:
    rng = np.random.default_rng(4)
    attrs = {
        "kernel_type": kind, "kernel_params": KERNELS[kind], "n_supports": 5, "one_class": one_class, "rho": [0.1],
        "support_vectors": rng.normal(1, 1, 20).tolist(), "coefficients": rng.normal(0, 1, 5).tolist(),
    }  # fmt: skip
    check("SVMRegressor", X, rtol=1e-4, atol=1e-5, **attrs, **ML)


def test_regressions_without_vectors_are_linear() -> None:
    check("SVMRegressor", X, n_supports=0, coefficients=[0.5, -1.0, 2.0, 0.25], rho=[0.75], **ML)


@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC", "SOFTMAX"])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", KERNELS)
def test_classes_by_votes(kind: str, classes: int, transform: str) -> None:
    said = _machine(kind, classes, post_transform=transform)
    check("SVMClassifier", X, results=2, rtol=1e-4, atol=1e-5, **said)


def test_two_probabilities_are_those_of_the_sweeps() -> None:
    x = np.linspace(-3, 3, 64, dtype=np.float32).reshape(16, 4)
    said = _machine("RBF", 2, prob_a=[-1.7], prob_b=[0.02])
    check("SVMClassifier", x, results=2, rtol=1e-4, atol=1e-5, **said)
    said = _machine("LINEAR", 2, prob_a=[-0.03], prob_b=[0.0])
    check("SVMClassifier", x, results=2, rtol=1e-4, atol=1e-5, **said)


def test_linear_classes() -> None:
    numbers = {"coefficients": [1.0, -2.0, 0.5, 0.25, 3.0, -1.0, 0.0, 0.5], "rho": [0.25]}
    check("SVMClassifier", X, results=2, classlabels_ints=[4, 9], **numbers, **ML)


def test_machines_that_are_not_served_say_why() -> None:
    three = _machine("RBF", 3, prob_a=[1.0] * 3, prob_b=[0.0] * 3)
    assert "probabilities of more than two classes" in problems_of("SVMClassifier", X, results=2, **three)[0]
    text = _machine("RBF", 2) | {"classlabels_strings": ["a", "b"]}
    del text["classlabels_ints"]
    assert "labels that are text" in problems_of("SVMClassifier", X, results=2, **text)[0]
    assert "transform" in problems_of("SVMRegressor", X, post_transform="LOGISTIC", **ML)[0]


def test_numbers_are_encoded_by_their_keys() -> None:
    x = np.array([[3, 9], [-1, 4]])
    check("LabelEncoder", x, keys_int64s=[9, 4, 3], values_floats=[0.5, 1.5, 2.5], default_float=-7.0, **ML)
    check("LabelEncoder", x, keys_int64s=[4, 3], values_int64s=[40, 30], default_int64=11, **ML)
    keys, values = np.array([0.5, 2.0], np.float32), np.array([8, 16])
    said = {"keys_tensor": keys, "values_tensor": values, "default_tensor": np.array([1])}
    tensors = {name: numpy_helper.from_array(array) for name, array in said.items()}
    (found,) = computed("LabelEncoder", np.array([2.0, 0.25, 0.5], np.float32), **tensors, **ML)
    assert found.tolist() == [16, 1, 8]
    text = {"keys_strings": ["a"], "values_int64s": [1]}
    assert "text" in problems_of("LabelEncoder", x, **text, **ML)[0]


def test_maps_from_labels_are_their_scores() -> None:
    node = helper.make_node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_int64s=[0, 1])
    graph, problems = survey(model([node], {"x": (3, 2)}, ["y"]))
    assert problems == [] and graph.outputs[0][1] is graph.inputs[0]
