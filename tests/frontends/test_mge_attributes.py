"""Parameters of records become attributes in the field's words; what is not served is refused with the record."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mge_writer import MgeFile
from mgecc import interpret
from mgecc.frontends.mge.importer import import_mge
from mgecc.graph import Attributes, CompileError, DType, Graph
from mgecc.graph.attributes import NoAttrs
from mgecc.ops.dropout import DropoutAttrs
from mgecc.ops.fake_quant import FakeQuantAttrs
from mgecc.ops.linalg import SVDAttrs
from mgecc.ops.normalization import (
    GeneralNormAttrs,
    GroupNormAttrs,
    LayerNormAttrs,
    LRNAttrs,
    NormAttrs,
    SoftmaxAttrs,
)
from mgecc.ops.reduce import CumsumAttrs, ReduceAttrs
from mgecc.ops.sorting import ArgReduceAttrs

FLOAT16 = DType("float16")
SHAPE = (2, 3, 4, 4)
SPOT = (1, 1, 1, 1)
NORM = {"eps": 0.5, "affine": True}


def graph_of(kind: str, shapes: tuple[tuple[int, ...], ...], results: int, **params: Any) -> Graph:
    """Of one record that reads an input and constants."""
    m = MgeFile()
    parameters = [m.constant(np.ones(shape, np.float32)) for shape in shapes]
    made = m.record(kind, [m.input("x", *SHAPE), *parameters], "y", outputs=results, **params)
    return import_mge(m.bytes(made), "net.mge")


@pytest.mark.parametrize(
    ("kind", "shapes", "results", "params", "want"),
    [
        ("MatrixInverse", (), 1, {}, NoAttrs()),
        ("SVD", (), 3, {"full_matrices": True, "compute_uv": True}, SVDAttrs(True)),
        ("Dropout", (), 2, {"drop_prob": 0.0}, DropoutAttrs()),
        ("FakeQuant", ((1,), (1,)), 1, {"qmin": -8, "qmax": 7}, FakeQuantAttrs(-8, 7)),
        ("TQT", ((1,),), 1, {"qmin": 0, "qmax": 255}, FakeQuantAttrs(0, 255)),
        ("Argmin", (), 1, {"axis": 2}, ArgReduceAttrs(2)),
        ("CumsumV1", (), 1, {"axis": 1, "exclusive": True, "reverse": False}, CumsumAttrs(1, exclusive=True)),
        ("BatchNormV1", (SPOT,) * 4, 4, {"epsilon": 0.5, "fwd_mode": "INFERENCE"}, NormAttrs(0.5)),
        ("LayerNorm", ((4, 4),) * 2, 3, {**NORM, "normalized_dim": 2}, LayerNormAttrs(0.5, 2)),
        (
            "GeneralNorm",
            ((3,),) * 2,
            3,
            {**NORM, "axis_start": 1, "axis_end": 2},
            GeneralNormAttrs(0.5, 1, 2),
        ),
        ("GroupNorm", ((3,),) * 2, 3, {**NORM, "group": 3}, GroupNormAttrs(0.5, 3)),
        ("InstanceNorm", ((3,),) * 2, 3, {**NORM, "group": 1}, NormAttrs(0.5)),
        ("LRN", (), 1, {"n": 3, "k": 2.0, "alpha": 0.5, "beta": 0.75}, LRNAttrs(3, 2.0, 0.5, 0.75)),
        ("Softmax", (), 1, {"axis": 1}, SoftmaxAttrs(1)),
        ("ReduceV2", (), 1, {"mode": "SUM_SQR", "axis": -1}, ReduceAttrs("sum_squares", -1)),
        (
            "ReduceV2",
            (),
            1,
            {"mode": "MEAN", "axis": 0, "data_type": "FLOAT_O16xC32"},
            ReduceAttrs("mean", 0, FLOAT16),
        ),
    ],
)
def test_parameters_become_attributes(
    kind: str, shapes: tuple[tuple[int, ...], ...], results: int, params: dict[str, Any], want: Attributes
) -> None:
    (node,) = graph_of(kind, shapes, results, **params).nodes
    assert node.attrs == want


@pytest.mark.parametrize(
    ("kind", "shapes", "results", "params", "why"),
    [
        (
            "BatchNormV1",
            (SPOT,) * 4,
            4,
            {"fwd_mode": "TRAINING"},
            r"traced in training mode; call model.eval\(\)",
        ),
        ("LayerNorm", (), 3, {**NORM, "normalized_dim": 1}, "1 inputs do not fit affine = True"),
        ("GeneralNorm", ((3,),) * 2, 3, {"affine": False}, "3 inputs do not fit affine = False"),
        (
            "LayerNorm",
            (),
            3,
            {"affine": False, "eps": -1.0, "normalized_dim": 1},
            "parameter epsilon is -1.0, numbers",
        ),
        ("ReduceV2", (), 1, {"mode": "MEAN"}, "there is neither an axis nor a shape to reduce to"),
        (
            "ReduceV2",
            (),
            1,
            {"mode": 77, "axis": 1},
            "its parameter mode is 77, sum, sum_squares, product, min,",
        ),
        ("LRN", (), 1, {"n": 0}, "its parameter size is 0, numbers from 1 to"),
    ],
)
def test_what_is_not_served_is_refused(
    kind: str, shapes: tuple[tuple[int, ...], ...], results: int, params: dict[str, Any], why: str
) -> None:
    with pytest.raises(CompileError, match=why):
        graph_of(kind, shapes, results, **params)


def test_blocked_layouts_are_normalised_as_plain_ones() -> None:
    x = np.random.default_rng(0).normal(size=(2, 8, 3, 4)).astype(np.float32)
    blocked = np.ascontiguousarray(x.reshape(2, 2, 4, 3, 4).transpose(0, 1, 3, 4, 2))
    found = []
    for data, data_format in ((x, "NCHW"), (blocked, "NCHW44")):
        m = MgeFile()
        params = {"affine": False, "eps": 0.5, "group": 4, "format": data_format}
        y = m.record("GroupNorm", [m.input("x", *data.shape)], "y", outputs=3, **params)
        found.append(interpret.run(import_mge(m.bytes(y, y + 1, y + 2), "net.mge"), {"x": data}))
    (want, *statistics), (got, *others) = found
    np.testing.assert_array_equal(got.transpose(0, 1, 4, 2, 3).reshape(want.shape), want)
    for one, other in zip(statistics, others, strict=True):
        np.testing.assert_array_equal(other, one)
