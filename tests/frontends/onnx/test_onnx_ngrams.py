"""Counts of n-grams by ONNX's TfIdfVectorizer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from operators import check, computed, problems_of

POOL = {
    "ngram_counts": [0, 3, 7],
    "ngram_indexes": [4, 0, 2, 1, 5, 3],
    "pool_int64s": [2, 3, 5, 2, 3, 3, 3, 1, 2, 3],
}
X = np.array([[2, 3, 3, 2, 3, 1], [1, 2, 3, 5, 3, 3]], np.int32)


def said(**changed: Any) -> dict[str, Any]:
    lengths = {"min_gram_length": 1, "max_gram_length": 3, "max_skip_count": 0, "mode": "TF"}
    return {**POOL, **lengths, **changed}


@pytest.mark.parametrize("mode", ["TF", "IDF", "TFIDF"])
def test_modes(mode: str) -> None:
    check("TfIdfVectorizer", X, **said(mode=mode, weights=[0.5, 2.0, 3.0, 1.0, 0.25, 4.0]))
    (y,), (ones,) = (
        computed("TfIdfVectorizer", X, **said(mode=mode, **weights))
        for weights in ({}, {"weights": [1.0] * 6})
    )
    assert y.tolist() == ones.tolist()


@pytest.mark.parametrize("skips", [0, 1, 5])
@pytest.mark.parametrize("lengths", [(1, 3), (2, 2), (1, 1), (3, 3)])
def test_lengths_and_skips(skips: int, lengths: tuple[int, int]) -> None:
    attrs = said(max_skip_count=skips, min_gram_length=lengths[0], max_gram_length=lengths[1])
    check("TfIdfVectorizer", X, **attrs)
    check("TfIdfVectorizer", X[0].astype(np.int64), **attrs)


def test_pools_of_text_and_broken_ones_are_refused() -> None:
    text = {**said(), "pool_strings": ["a"]}
    del text["pool_int64s"]
    assert "n-grams of text" in problems_of("TfIdfVectorizer", X, **text)[0]
    assert "no whole number" in problems_of("TfIdfVectorizer", X, **said(ngram_counts=[0, 4]))[0]
