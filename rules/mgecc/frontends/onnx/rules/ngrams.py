"""Counts of n-grams: each is compared with all places of a row at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import numpy as np

from mgecc.frontends.compose import check_table
from mgecc.graph import Unsupported
from mgecc.graph.types import FLOAT32

from . import OnnxNode, Tensor, TensorBuilder, rule


@rule("Reduce", "TfIdfVectorizer")
def tf_idf(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Rows of integers to how often each n-gram of the pool occurs, or whether, times its weight."""
    x, pool, places = node.operand(0), node.get("pool_int64s", []), node.require("ngram_indexes")
    if not pool:
        raise Unsupported("n-grams of text are not supported", "look up the words' numbers before the model")
    rows = t.reshape(x, (1, x.elements)) if x.rank < 2 else x
    size = max(places) + 1
    check_table(*rows.shape, len(places))
    check_table(rows.shape[0], size)
    total = t.broadcast(t.constant(np.zeros((1, size), np.float32)), (rows.shape[0], size))
    for grams, own in _pooled(node, pool, places):
        check_table(len(own), size)
        spread = np.zeros((len(own), size), np.float32)
        spread[np.arange(len(own)), own] = 1
        for skip in range(node.require("max_skip_count") + 1 if grams.shape[1] > 1 else 1):
            found = _occurrences(t, rows, grams, skip + 1)
            if found is None:  # nor do larger ones
                break
            total = t.elemwise("add", total, t.matmul(found, t.constant(spread)))
    result = _weighted(node, t, total)
    return [t.squeeze(result, [0]) if x.rank < 2 else result]


def _pooled(node: OnnxNode, pool: Sequence[int], places: Sequence[int]) -> list[tuple[np.ndarray, list[int]]]:
    """The n-grams (count, n) for each n that is asked for, and the columns where they are counted."""
    starts, first = [*node.require("ngram_counts"), len(pool)], 0
    found: list[tuple[np.ndarray, list[int]]] = []
    for n, (begin, end) in enumerate(pairwise(starts), 1):
        count, rest = divmod(end - begin, n)
        if rest or count < 0 or begin < 0 or first + count > len(places):
            raise Unsupported(
                f"its pool holds no whole number of {n}-grams", "check the file with onnx.checker"
            )
        if count and node.require("min_gram_length") <= n <= node.require("max_gram_length"):
            found.append(
                (np.array(pool[begin:end], np.int64).reshape(count, n), list(places[first : first + count]))
            )
        first += count
    if any(len(grams) != len(np.unique(grams, axis=0)) for grams, _ in found):
        raise Unsupported("an n-gram stands in the pool twice")
    return found


def _occurrences(t: TensorBuilder, rows: Tensor, grams: np.ndarray, step: int) -> Tensor | None:
    """How often each n-gram (count, n) occurs in rows, its items ``step`` apart; None if it is too long for them."""
    count, n = grams.shape
    length = rows.shape[1] - (n - 1) * step
    if length < 1:
        return None
    equal = [
        t.compare(
            "eq",
            t.unsqueeze(t.slice(rows, {1: (k * step, k * step + length, 1)}), [2]),
            t.constant(grams[:, k].reshape(1, 1, count).astype(rows.dtype.numpy), rows.dtype),
        )
        for k in range(n)
    ]
    every = reduce(lambda a, b: t.elemwise("and", a, b), equal)
    return t.reduce("sum", t.cast(every, FLOAT32), [1], False)


def _weighted(node: OnnxNode, t: TensorBuilder, counts: Tensor) -> Tensor:
    mode, weights = node.require("mode"), node.get("weights", [])
    if mode not in ("TF", "IDF", "TFIDF"):
        raise Unsupported(f"the mode {mode} does not exist", "say TF, IDF or TFIDF")
    if mode == "IDF":
        counts = t.elemwise("min", counts, t.like(counts, 1))
    if mode == "TF" or not weights:
        return counts
    return t.elemwise("mul", counts, t.constant(np.array(weights, np.float32)[: counts.shape[1]]))
