"""Classical machine learning (ai.onnx.ml): features, linear models, and what becomes of their scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mgecc.frontends.tensors import INT64
from mgecc.graph import Unsupported
from mgecc.graph.types import FLOAT32
from mgecc.ops.normalization import SoftmaxAttrs
from mgecc.ops.sorting import ArgReduceAttrs

from ..dtypes import array_of
from . import OnnxNode, Tensor, TensorBuilder, rule

_TINY = 1e-30
_NEAR_ZERO = 1e-7


def _softmax_zero(t: TensorBuilder, x: Tensor) -> Tensor:
    """Scores of 0 stay 0; rows without others become 0.5."""
    top = t.reduce("max", x, [-1], True)
    lower = t.compare("lt", t.elemwise("abs", x), t.like(x, _NEAR_ZERO))
    kept = t.elemwise("mul", x, t.elemwise("exp", t.elemwise("negate", top)))
    powers = t.where(lower, kept, t.elemwise("exp", t.elemwise("sub", x, top)))
    total = t.reduce("sum", powers, [-1], True)
    return t.where(
        t.compare("eq", total, t.like(x, 0)), t.like(x, 0.5), t.elemwise("true_div", powers, total)
    )


def _probit(t: TensorBuilder, x: Tensor) -> Tensor:
    centred = t.elemwise("sub", t.elemwise("mul", x, t.like(x, 2)), t.like(x, 1))
    return t.elemwise("mul", t.elemwise("erfinv", centred), t.like(x, 2**0.5))


_TRANSFORMS: dict[str, Callable[[TensorBuilder, Tensor], Tensor]] = {
    "NONE": lambda t, x: x,
    "SOFTMAX": lambda t, x: t.one("Softmax", SoftmaxAttrs(-1), x, dtype=x.dtype),
    "LOGISTIC": lambda t, x: t.elemwise("sigmoid", x),
    "SOFTMAX_ZERO": _softmax_zero,
    "PROBIT": _probit,
}


def transformed(t: TensorBuilder, scores: Tensor, name: str) -> Tensor:
    """Scores (rows, classes) after the transform that the file names."""
    if name not in _TRANSFORMS:
        raise Unsupported(f"scores by {name} are not supported", f"say one of {', '.join(_TRANSFORMS)}")
    return _TRANSFORMS[name](t, scores)


def two_scores(t: TensorBuilder, scores: Tensor, transform: str) -> Tensor:
    """Of one class out of two: what it lacks to 1, or its opposite, stands before it."""
    one = t.slice(scores, {1: (0, 1, 1)})
    plain = transform in ("NONE", "PROBIT")
    other = t.elemwise("sub", t.like(one, 1), one) if plain else t.elemwise("negate", one)
    return t.concat([other, one], 1)


def labelled(node: OnnxNode, t: TensorBuilder, scores: Tensor) -> Sequence[Tensor | None]:
    """The label of the best score of each row, and the scores."""
    return [label_of(node, t, scores), scores]


def label_of(node: OnnxNode, t: TensorBuilder, scores: Tensor) -> Tensor | None:
    """The label of the best score of each row; None where nobody asks for it."""
    if not node.wants(0):
        return None
    labels = node.get("classlabels_int64s", None) or node.get("classlabels_ints", None)
    if labels is None:
        advice = "end the network before the labels, and look them up by the largest score in the application"
        raise Unsupported("labels that are text are not supported", advice)
    best = t.squeeze(t.one("Argmax", ArgReduceAttrs(1), scores, dtype=INT64), [1])
    return t.take(t.constant(np.array(labels, np.int64)), 0, best)


def _linear(node: OnnxNode, t: TensorBuilder, rows: int) -> Tensor:
    """x times coefficients, which are stored by result, plus intercepts."""
    x = t.cast(node.operand(0), FLOAT32)
    weights = np.array(node.require("coefficients"), np.float32).reshape(rows, -1)
    scores = t.matmul(x, t.constant(weights), transpose_b=True)
    bias = np.array(node.get("intercepts", []), np.float32)
    return t.elemwise("add", scores, t.constant(bias)) if bias.size else scores


@rule("MatrixMul", "ai.onnx.ml.LinearRegressor")
def linear_regressor(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [transformed(t, _linear(node, t, node.get("targets", 1)), node.get("post_transform", "NONE"))]


@rule("MatrixMul", "ai.onnx.ml.LinearClassifier")
def linear_classifier(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor | None]:
    labels = node.get("classlabels_ints", None) or node.get("classlabels_strings", [])
    columns = node.operand(0).shape[-1]
    scores = _linear(node, t, len(node.require("coefficients")) // max(columns, 1))
    if scores.shape[1] == 1 and len(labels) == 2:
        scores = t.concat([t.elemwise("negate", scores), scores], 1)
    if scores.shape[1] < 2:
        raise Unsupported("a classifier with one score is not supported", "export it with two classes")
    return labelled(node, t, transformed(t, scores, node.get("post_transform", "NONE")))


@rule("Elemwise", "ai.onnx.ml.Scaler")
def scaler(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = t.cast(node.operand(0), FLOAT32)
    offset, scale = (t.constant(np.array(node.require(name), np.float32)) for name in ("offset", "scale"))
    return [t.elemwise("mul", t.elemwise("sub", x, offset), scale)]


@rule("Elemwise", "ai.onnx.ml.Normalizer")
def normalizer(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Rows by their norm."""
    x, norm = t.cast(node.operand(0), FLOAT32), node.get("norm", "MAX")
    if norm == "L2":
        size = t.elemwise("sqrt", t.reduce("sum_squares", x, [-1], True))
    elif norm in ("MAX", "L1"):
        size = t.reduce("max" if norm == "MAX" else "sum", t.elemwise("abs", x), [-1], True)
    else:
        raise Unsupported(f"the norm {norm} does not exist", "say MAX, L1 or L2")
    return [t.elemwise("true_div", x, t.elemwise("max", size, t.like(x, _TINY)))]


@rule("Where", "ai.onnx.ml.Imputer")
def imputer(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Numbers that stand for missing ones are replaced, by one for all or by one for each column."""
    x = node.operand(0)
    kind = "float" if x.dtype.is_float else "int64"
    lost = node.get(f"replaced_value_{kind}", x.dtype.numpy.type(0).item())
    values = node.require(f"imputed_value_{kind}s")
    missing = t.compare("isnan", x) if np.isnan(lost) else t.compare("eq", x, t.like(x, lost))
    return [t.where(missing, t.constant(np.array(values, x.dtype.numpy), x.dtype), x)]


@rule("Elemwise", "ai.onnx.ml.Binarizer")
def binarizer(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x = node.operand(0)
    return [t.cast(t.compare("lt", t.like(x, node.get("threshold", 0.0)), x), x.dtype)]


@rule("MeshIndexing", "ai.onnx.ml.ArrayFeatureExtractor")
def feature_extractor(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Columns; of a vector they make one row."""
    x, index = node.operand(0), node.operand(1)
    rows = t.unsqueeze(x, [0]) if x.rank == 1 else x
    return [t.take(rows, -1, t.reshape(index, (index.elements,)))]


@rule("Concat", "ai.onnx.ml.FeatureVectorizer")
def feature_vectorizer(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Columns of all operands, each cut or filled with zeros to its stated number."""
    parts = []
    for x, count in zip(node.given, node.require("inputdimensions"), strict=True):
        rows = t.cast(t.unsqueeze(x, [1]) if x.rank == 1 else x, FLOAT32)
        parts.append(t.pad(rows, [(0, 0), (0, count - rows.shape[1])]))
    return [t.concat(parts, 1)]


@rule("TypeCvt", "ai.onnx.ml.OneHotEncoder")
def one_hot_encoder(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """A new last axis with 1 at the category; other numbers make zeros."""
    x, categories = node.operand(0), node.get("cats_int64s", [])
    if not categories:
        raise Unsupported("categories that are text are not supported", "encode them as integers before")
    known = t.constant(np.array(categories, x.dtype.numpy), x.dtype)
    return [t.cast(t.compare("eq", t.unsqueeze(x, [x.rank]), known), FLOAT32)]


def _listed(node: OnnxNode, name: str) -> np.ndarray | None:
    """Keys or values of a label encoder, in the form that the file has them in."""
    if node.get(f"{name}_tensor", None) is not None:
        return array_of(node.require(f"{name}_tensor")).reshape(-1)
    for kind, dtype in (("int64s", np.int64), ("floats", np.float32)):
        if node.get(f"{name}_{kind}", None):
            return np.array(node.require(f"{name}_{kind}"), dtype)
    return None


@rule("MeshIndexing", "ai.onnx.ml.LabelEncoder")
def label_encoder(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The value of the key that a number equals, or the default."""
    x, keys, values = node.operand(0), _listed(node, "keys"), _listed(node, "values")
    if keys is None or values is None or x.dtype.numpy.kind not in "iuf":
        raise Unsupported("labels that are text are not supported", "encode them as integers before")
    floats = values.dtype.kind == "f"
    default = node.get("default_float", -0.0) if floats else node.get("default_int64", -1)
    if node.get("default_tensor", None) is not None:
        default = array_of(node.require("default_tensor")).reshape(-1)[0]
    known = dict(zip(keys.tolist(), values.tolist()))  # the last one of equal keys
    rows = t.reshape(x, (x.elements, 1))
    same = t.compare("eq", rows, t.constant(np.array([*known], keys.dtype), x.dtype))
    none = t.broadcast(t.constant(np.array(True)), (x.elements, 1))
    found = t.cast(t.concat([same, none], 1), FLOAT32)
    place = t.one("Argmax", ArgReduceAttrs(1), found, dtype=INT64)
    table = np.array([*known.values(), default], values.dtype)
    return [t.take(t.constant(table), 0, t.reshape(place, x.shape))]


@rule("Identity", "ai.onnx.ml.ZipMap")
def zip_map(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """A map from labels to scores for each row: the scores, in the order of the labels in the file."""
    return [node.operand(0)]
