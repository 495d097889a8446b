"""Classical models of ONNX: trees, linear ones, features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import numpy_helper
from operators import check, computed, problems_of

ML = "ai.onnx.ml."
X = np.random.default_rng(11).integers(-3, 4, (9, 3)).astype(np.float32)
MODES = ["LEQ", "LT", "GTE", "GT", "EQ", "NEQ"]


def learnt(op: str, *operands: np.ndarray, **said: Any) -> None:
    check(op, *operands, domain="ai.onnx.ml", **said)


def refused(op: str, *operands: np.ndarray, **said: Any) -> str:
    return problems_of(op, *operands, domain="ai.onnx.ml", **said)[0]


def tensor(array: np.ndarray) -> Any:
    return numpy_helper.from_array(array)


def small_forest(kind: str, mode: str = "LEQ", missing: int = 0) -> dict[str, Any]:
    """Two trees: one of three nodes and four leaves, one of a node and two leaves, with votes for two targets."""
    votes = {(0, 2): [(0, 1.0)], (0, 3): [(1, -2.0), (0, 0.5)], (0, 5): [(1, 4.0)], (0, 6): [(0, 8.0)]}
    votes |= {(1, 1): [(0, 0.25)], (1, 2): [(1, -0.75)]}
    split, leaf = f"BRANCH_{mode}", "LEAF"
    listed = [(tree, own, *vote) for (tree, own), votes_ in votes.items() for vote in votes_]
    return {
        "nodes_treeids": [0] * 7 + [1] * 3,
        "nodes_nodeids": [*range(7), *range(3)],
        "nodes_featureids": [0, 1, 0, 0, 2, 0, 0, 1, 0, 0],
        "nodes_modes": [split, split, leaf, leaf, split, leaf, leaf, split, leaf, leaf],
        "nodes_values": [0.0, 1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 2.0, 0.0, 0.0],
        "nodes_truenodeids": [1, 2, 0, 0, 5, 0, 0, 1, 0, 0],
        "nodes_falsenodeids": [4, 3, 0, 0, 6, 0, 0, 2, 0, 0],
        "nodes_missing_value_tracks_true": [missing] * 10,
        f"{kind}_treeids": [v[0] for v in listed],
        f"{kind}_nodeids": [v[1] for v in listed],
        f"{kind}_ids": [v[2] for v in listed],
        f"{kind}_weights": [v[3] for v in listed],
    }


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("aggregate", ["SUM", "AVERAGE"])
def test_regressions_by_trees(mode: str, aggregate: str) -> None:
    learnt(
        "TreeEnsembleRegressor", X, **small_forest("target", mode), n_targets=2, aggregate_function=aggregate
    )


@pytest.mark.parametrize("missing", [0, 1])
@pytest.mark.parametrize("mode", [m for m in MODES if m != "NEQ"])
def test_missing_numbers_take_the_stated_way(mode: str, missing: int) -> None:
    x = X.copy()
    x[::2, 0] = x[1::3, 1] = np.nan
    attrs = small_forest("target", mode, missing)
    learnt(
        "TreeEnsembleRegressor", x, **attrs, n_targets=2, base_values=[1.0, -1.0], aggregate_function="SUM"
    )


@pytest.mark.parametrize("transform", ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"])
@pytest.mark.parametrize("classes", [1, 2])
def test_classifications_by_trees(transform: str, classes: int) -> None:
    attrs = small_forest("class")
    if classes == 1:
        attrs["class_ids"] = [0] * len(attrs["class_ids"])
    said = {**attrs, "classlabels_int64s": [7, 3], "post_transform": transform}
    learnt("TreeEnsembleClassifier", X, results=2, **said)


def ensemble(
    modes: list[int], splits: list[float], members: list[float], dtype: str = "float32"
) -> dict[str, Any]:
    """Version 5: a chain of nodes, each of which ends at a leaf if its condition holds."""
    n = len(modes)
    attrs: dict[str, Any] = {
        "n_targets": 2,
        "aggregate_function": 1,
        "tree_roots": [0],
        "nodes_modes": tensor(np.array(modes, np.uint8)),
        "nodes_splits": tensor(np.array(splits, dtype)),
        "nodes_featureids": [k % 3 for k in range(n)],
        "nodes_truenodeids": list(range(n)),
        "nodes_trueleafs": [1] * n,
        "nodes_falsenodeids": [*range(1, n), n],
        "nodes_falseleafs": [0] * (n - 1) + [1],
        "leaf_targetids": [k % 2 for k in range(n + 1)],
        "leaf_weights": tensor(np.arange(1, n + 2).astype(dtype)),
    }
    if members:
        attrs["membership_values"] = tensor(np.array(members, dtype))
    return attrs


def test_sets_of_numbers() -> None:
    learnt("TreeEnsemble", X, **ensemble([6, 0, 6], [0, -1, 0], [1.0, 3.0, np.nan, -2.0, np.nan]))


@pytest.mark.parametrize("mode", range(6))
def test_splits_of_64_bits_are_rounded_as_the_data_is(mode: int) -> None:
    x = np.repeat(np.array([[3.14], [0.1], [1.2], [5.0]]), 3, 1)
    learnt("TreeEnsemble", x, **ensemble([mode, mode, mode], [3.14, 0.1, 1.2], [], "float64"))
    learnt("TreeEnsemble", x, **ensemble([6], [0], [0.1, 3.14, np.nan], "float64"))


def test_trees_that_meet_again_are_refused() -> None:
    attrs = ensemble([0, 0], [0, 1], [])
    attrs["nodes_falsenodeids"], attrs["nodes_falseleafs"] = [1, 0], [0, 0]
    assert "has two parents" in refused("TreeEnsemble", X, **attrs)


def test_targets_that_do_not_exist_are_refused() -> None:
    attrs = ensemble([0, 0], [0, 1], []) | {"leaf_targetids": [0, 5, 0]}
    assert "do not exist" in refused("TreeEnsemble", X, **attrs)


def test_linear_models() -> None:
    numbers = {"coefficients": [1.0, -2.0, 0.5, 0.25, 3.0, -1.0], "intercepts": [0.5, -0.5]}
    learnt("LinearRegressor", X, **numbers, targets=2, post_transform="NONE")
    for transform in ("NONE", "LOGISTIC", "SOFTMAX"):
        said = {"classlabels_ints": [5, 2], "post_transform": transform}
        learnt("LinearClassifier", X, results=2, **numbers, **said)
        learnt("LinearClassifier", X, results=2, coefficients=[1.0, -2.0, 0.5], intercepts=[0.1], **said)


def test_labels_that_are_text_are_refused() -> None:
    said = {"classlabels_strings": ["a", "b"], "coefficients": [1.0] * 6, "intercepts": [0.0, 1.0]}
    assert "labels that are text" in refused("LinearClassifier", X, results=2, **said)


@pytest.mark.parametrize("norm", ["MAX", "L1", "L2"])
def test_rows_by_their_norm(norm: str) -> None:
    learnt("Normalizer", np.concatenate([X, np.zeros((1, 3), np.float32)]), norm=norm)


def test_features() -> None:
    learnt("Scaler", X, offset=[1.0, 0.0, -1.0], scale=[2.0, 1.0, 0.5])
    learnt("Binarizer", X, threshold=1.0)
    lost = np.where(X == 3, np.nan, X).astype(np.float32)
    learnt("Imputer", lost, imputed_value_floats=[9.0, 8.0, 7.0], replaced_value_float=float("nan"))
    learnt("Imputer", X.astype(np.int64), imputed_value_int64s=[9], replaced_value_int64=2)
    learnt("ArrayFeatureExtractor", X, np.array([2, 0]), known=[1])
    learnt("ArrayFeatureExtractor", X[0], np.array([[1]]), known=[1])
    learnt("FeatureVectorizer", X, X[:, :2], inputdimensions=[2, 3])
    learnt("OneHotEncoder", X.astype(np.int64), cats_int64s=[-3, 0, 2, 3], zeros=1)


def test_probits() -> None:
    (y,) = computed(
        "TreeEnsembleRegressor", np.zeros((1, 3), np.float32), domain="ai.onnx.ml",
        **small_forest("target"), n_targets=2, base_values=[-0.5, 0.95], post_transform="PROBIT",
    )  # fmt: skip
    np.testing.assert_allclose(y[0, 1], 1.6448536, 1e-5)
