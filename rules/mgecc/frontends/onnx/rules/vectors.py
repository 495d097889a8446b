"""Support vector machines (ai.onnx.ml): products of data with stored vectors, and classes that sums vote for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, combinations

import numpy as np

from mgecc.graph import Unsupported
from mgecc.graph.types import FLOAT32

from . import OnnxNode, Tensor, TensorBuilder, rule
from .classical import label_of, transformed

_SWEEPS = 2
"""After which two probabilities have settled, whatever the scores are."""


def _numbers(node: OnnxNode, name: str) -> np.ndarray:
    return np.array(node.get(name, None) or [], np.float32)


def _kernel(node: OnnxNode, t: TensorBuilder, x: Tensor, vectors: np.ndarray) -> Tensor:
    """How alike each row and each vector are, (rows, vectors)."""
    kind = node.get("kernel_type", "LINEAR")
    gamma, offset, degree = (*(node.get("kernel_params", None) or ()), 0.0, 0.0, 0.0)[:3]
    if kind == "RBF":
        return t.elemwise("exp", _times(t, _distances(t, x, vectors), -gamma))
    products = t.matmul(x, t.constant(vectors), transpose_b=True)
    if kind == "LINEAR":
        return products
    moved = t.elemwise("add", _times(t, products, gamma), t.like(x, offset))
    if kind == "SIGMOID":
        return t.elemwise("tanh", moved)
    if kind != "POLY":
        raise Unsupported(f"the kernel {kind} does not exist", "say LINEAR, POLY, RBF or SIGMOID")
    return t.power(moved, int(degree))


def _distances(t: TensorBuilder, x: Tensor, vectors: np.ndarray) -> Tensor:
    """Squares of them, by products: from the middle of the vectors, where they lose little."""
    middle = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    x, vectors = t.elemwise("sub", x, t.constant(middle)), vectors - middle
    lengths = t.constant((vectors.astype(np.float64) ** 2).sum(axis=1).astype(np.float32))
    twice = t.matmul(x, t.constant(2 * vectors), transpose_b=True)
    sums = t.elemwise("add", t.reduce("sum_squares", x, [-1], True), lengths)
    return t.elemwise("max", t.elemwise("sub", sums, twice), t.like(x, 0))


def _times(t: TensorBuilder, x: Tensor, factor: float) -> Tensor:
    return t.elemwise("mul", x, t.like(x, factor))


@rule("MatrixMul", "ai.onnx.ml.SVMRegressor")
def svm_regressor(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, count = t.cast(node.operand(0), FLOAT32), node.get("n_supports", 0)
    coefficients = _numbers(node, "coefficients").reshape(-1, 1)
    if node.get("post_transform", "NONE") != "NONE":
        raise Unsupported("a transform of what support vectors give is not supported", "leave it out")
    if count:
        x = _kernel(node, t, x, _numbers(node, "support_vectors").reshape(count, -1))
    y = t.elemwise("add", t.matmul(x, t.constant(coefficients)), t.like(x, float(_numbers(node, "rho")[0])))
    if node.get("one_class", 0):
        y = t.where(t.compare("lt", t.like(y, 0), y), t.like(y, 1), t.like(y, -1))
    return [y]


@rule("MatrixMul", "ai.onnx.ml.SVMClassifier")
def svm_classifier(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor | None]:
    """Every two classes have a score, which is a vote for one of them."""
    classes = len(node.get("classlabels_ints", None) or node.get("classlabels_strings", None) or [])
    x, counts = t.cast(node.operand(0), FLOAT32), node.get("vectors_per_class", None) or []
    if classes < 2:
        raise Unsupported(f"a classifier of {classes} classes is not supported", "export it with two classes")
    if not sum(counts):
        return _linear(node, t, x, classes)
    weights = _pair_weights(_numbers(node, "coefficients").reshape(-1, sum(counts)), counts)
    alike = _kernel(node, t, x, _numbers(node, "support_vectors").reshape(sum(counts), -1))
    pairs = t.elemwise("add", t.matmul(alike, t.constant(weights)), t.constant(_numbers(node, "rho")))
    votes = _votes(t, pairs, classes)
    return [label_of(node, t, votes), _scores(node, t, pairs, classes)]


def _linear(node: OnnxNode, t: TensorBuilder, x: Tensor, classes: int) -> Sequence[Tensor | None]:
    weights, rho = _numbers(node, "coefficients").reshape(classes, -1), _numbers(node, "rho")
    if rho.size == 1 and (classes != 2 or (weights >= 0).all()):
        raise Unsupported("labels of classes that share one limit are not supported", "export two classes")
    scores = t.matmul(x, t.constant(weights), transpose_b=True)
    scores = t.elemwise("add", scores, t.like(scores, float(rho[0])))
    return [label_of(node, t, scores), transformed(t, scores, node.get("post_transform", "NONE"))]


def _pair_weights(coefficients: np.ndarray, counts: Sequence[int]) -> np.ndarray:
    """(vectors, pairs): those of both classes of a pair have coefficients for the other one."""
    ends = list(accumulate(counts))
    of = [slice(end - count, end) for end, count in zip(ends, counts)]
    columns = []
    for i, j in combinations(range(len(counts)), 2):
        column = np.zeros(ends[-1], np.float32)
        column[of[i]], column[of[j]] = coefficients[j - 1, of[i]], coefficients[i, of[j]]
        columns.append(column)
    return np.stack(columns, axis=1)


def _votes(t: TensorBuilder, pairs: Tensor, classes: int) -> Tensor:
    """How many scores speak for each class, (rows, classes)."""
    signs, begun = np.zeros((pairs.shape[1], classes), np.float32), np.zeros(classes, np.float32)
    for row, (i, j) in enumerate(combinations(range(classes), 2)):
        signs[row, i], signs[row, j] = 1, -1
        begun[j] += 1
    first = t.cast(t.compare("lt", t.like(pairs, 0), pairs), FLOAT32)
    return t.elemwise("add", t.matmul(first, t.constant(signs)), t.constant(begun))


def _scores(node: OnnxNode, t: TensorBuilder, pairs: Tensor, classes: int) -> Tensor:
    transform, slopes = node.get("post_transform", "NONE"), _numbers(node, "prob_a")
    if slopes.size and classes > 2:
        advice = "export it without probabilities, or with a LinearClassifier behind"
        raise Unsupported("probabilities of more than two classes are not supported", advice)
    if slopes.size:
        pairs = _two_probabilities(t, pairs, float(slopes[0]), float(_numbers(node, "prob_b")[0]))
    elif classes == 2:
        if transform == "PROBIT" or (_numbers(node, "coefficients") >= 0).all():
            raise Unsupported("scores of this form are not supported", "export it with signed coefficients")
        pairs = t.concat([t.elemwise("negate", pairs), pairs], 1)
    return transformed(t, pairs, transform)


def _two_probabilities(t: TensorBuilder, score: Tensor, a: float, b: float) -> Tensor:
    """Of two classes, by sweeps of coordinate descent that end where they have nearly settled.

    Source: multiclass_probability of svm.cpp of LIBSVM, which the standard's reference evaluator follows.
    """
    first = t.elemwise(
        "sigmoid", t.elemwise("negate", t.elemwise("add", _times(t, score, a), t.like(score, b)))
    )
    first = t.elemwise("min", t.elemwise("max", first, t.like(score, 1e-7)), t.like(score, 1 - 1e-7))
    r = [first, t.elemwise("sub", t.like(first, 1), first)]
    cross = t.elemwise("negate", t.elemwise("mul", *r))
    q = [[t.elemwise("square", r[1]), cross], [cross, t.elemwise("square", r[0])]]
    p = [t.broadcast(t.like(first, 0.5), first.shape)] * 2
    for _ in range(_SWEEPS):
        p = _sweep(t, q, p)
    return t.concat(p, 1)


def _sweep(t: TensorBuilder, q: list[list[Tensor]], p: list[Tensor]) -> list[Tensor]:
    """Better probabilities ``p`` for the quadratic form ``q``, or the same where they are good enough."""

    def do(mode: str, x: Tensor, y: Tensor) -> Tensor:
        return t.elemwise(mode, x, y)

    slope = [do("add", do("mul", row[0], p[0]), do("mul", row[1], p[1])) for row in q]
    mean = do("add", do("mul", p[0], slope[0]), do("mul", p[1], slope[1]))
    errors = [t.elemwise("abs", do("sub", s, mean)) for s in slope]
    settled = t.compare("lt", do("max", *errors), t.like(mean, 0.005 / 2))
    new = list(p)
    for k in range(2):
        step = do("true_div", do("sub", mean, slope[k]), q[k][k])
        grown = do("add", step, t.like(step, 1))
        new[k] = do("add", new[k], step)
        gain = do("mul", step, do("add", do("mul", step, q[k][k]), _times(t, slope[k], 2)))
        mean = do("true_div", do("add", mean, gain), t.elemwise("square", grown))
        new = [do("true_div", x, grown) for x in new]
        slope = [do("true_div", do("add", s, do("mul", step, row)), grown) for s, row in zip(slope, q[k])]
    return [t.where(settled, old, x) for old, x in zip(p, new)]
