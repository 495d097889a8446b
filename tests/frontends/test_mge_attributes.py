"""Parameters of records become attributes in the field's words; what is not served is refused with the record."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mge_writer import MgeFile
from mgecc import interpret
from mgecc.frontends.given import Given
from mgecc.frontends.mge.importer import import_mge, importer
from mgecc.graph import Attributes, CompileError, DType, Graph
from mgecc.graph.attributes import NoAttrs
from mgecc.graph.types import BOOL
from mgecc.ops.copies import CheckNonFiniteAttrs
from mgecc.ops.cross import CrossAttrs
from mgecc.ops.cumulative import CumulativeAttrs
from mgecc.ops.custom import CustomFunction
from mgecc.ops.dropout import DropoutAttrs
from mgecc.ops.elemwise import ElemwiseAttrs, PowCAttrs
from mgecc.ops.elemwise_multi_type import ElemwiseMultiTypeAttrs
from mgecc.ops.fake_quant import FakeQuantAttrs
from mgecc.ops.generators import DiagAttrs, LinspaceAttrs
from mgecc.ops.image import CvtColorAttrs, FlipAttrs, GaussianBlurAttrs, RotateAttrs
from mgecc.ops.index_items import IndexAttrs, flags
from mgecc.ops.known import AxisAttrs
from mgecc.ops.linalg import SVDAttrs
from mgecc.ops.matmul import DotAttrs, MatrixMulAttrs
from mgecc.ops.normalization import (
    GeneralNormAttrs,
    GroupNormAttrs,
    LayerNormAttrs,
    LRNAttrs,
    NormAttrs,
    SoftmaxAttrs,
)
from mgecc.ops.recurrent import RNNAttrs
from mgecc.ops.reduce import ReduceAttrs
from mgecc.ops.relayout import RelayoutFormatAttrs
from mgecc.ops.resize import Resize3DAttrs, ResizeAttrs
from mgecc.ops.roi import DeformablePSROIPoolingAttrs, ROIAlignAttrs, ROIPoolingAttrs
from mgecc.ops.selection import CondTakeAttrs, NMSKeepAttrs
from mgecc.ops.shapes import AxisAddRemoveAttrs, DimshuffleAttrs, ReshapeAttrs
from mgecc.ops.sorting import ArgReduceAttrs, ArgsortAttrs, TopKAttrs
from mgecc.ops.warp import RemapAttrs, WarpAttrs

FLOAT16 = DType("float16")
SHAPE = (2, 3, 4, 4)
SPOT = (1, 1, 1, 1)
BOXES = (2, 5)
WARP = ((2, 3, 3), (2,))
LAYER = {"num_layers": 1, "hidden_size": 4, "bias": False, "nonlineMode": "RELU", "fwd_mode": "INFERENCE"}
RELU = ("relu",)
NORM = {"eps": 0.5, "affine": True}
CUT = RelayoutFormatAttrs("nchwC", "nchw", channels=3)


def graph_of(
    kind: str, shapes: tuple[tuple[int, ...], ...], results: int, x: tuple[int, ...] = SHAPE, **params: Any
) -> Graph:
    """Of one record that reads an input and constants."""
    m = MgeFile()
    parameters = [m.constant(np.ones(shape, np.float32)) for shape in shapes]
    made = m.record(kind, [m.input("x", *x), *parameters], "y", outputs=results, **params)
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
        (
            "CumsumV1",
            (),
            1,
            {"axis": 1, "exclusive": True, "reverse": False},
            CumulativeAttrs(1, exclusive=True),
        ),
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
        ("CvtColor", (), 1, {"x": (1, 2, 2, 3), "mode": "RGB2GRAY"}, CvtColorAttrs("rgb2gray")),
        ("Flip", (), 1, {"vertical": True}, FlipAttrs(vertical=True)),
        ("Rotate", (), 1, {"clockwise": False}, RotateAttrs(clockwise=False)),
        (
            "GaussianBlur",
            (),
            1,
            {"border_mode": "REFLECT_101", "kernel_height": 3, "kernel_width": 5, "sigma_x": 0.5},
            GaussianBlurAttrs((3, 5), (0.0, 0.5), "reflect_101"),
        ),
        (
            "WarpPerspectiveV2",
            WARP,
            1,
            {"imode": "NEAREST", "bmode": "CONSTANT", "border_val": 2.5},
            WarpAttrs("nearest", "constant", 2.5),
        ),
        (
            *("WarpAffineV2", ((2, 2, 3), (2,)), 1),
            *({"border_mode": "WRAP"}, WarpAttrs(border="wrap", layout="nhwc")),
        ),
        (
            *("RemapV1", ((2, 3, 3, 2),), 1),
            *(
                {"border_type": "REFLECT", "scalar": 1.5, "format": "NCHW"},
                RemapAttrs("linear", "reflect", 1.5),
            ),
        ),
        ("ResizeV2", ((2,),), 1, {"imode": "NEAREST", "format": "NCHW"}, ResizeAttrs("nearest")),
        ("ResizeV2", ((2,),), 1, {"imode": "AREA"}, ResizeAttrs("area", "nhwc")),
        (
            *("Resize3D", ((3,),), 1),
            *({"x": (1, 2, 2, 2, 2), "align_corners": True}, Resize3DAttrs("ndhwc", align_corners=True)),
        ),
        ("Argsort", (), 2, {"x": (2, 3), "order": "DESCENDING"}, ArgsortAttrs("descending")),
        ("TopK", ((1,),), 1, {"x": (2, 3)}, TopKAttrs(kth_only=True)),
        ("TopK", ((1,),), 2, {"x": (2, 3), "mode": "VALUE_IDX_SORTED"}, TopKAttrs()),
        ("CondTake", (SHAPE,), 2, {"mode": "LEQ", "val": 0.5, "eps": 0.25}, CondTakeAttrs("leq", 0.5, 0.25)),
        ("NonZero", (), 1, {}, NoAttrs()),
        ("NMSKeepMGB", (), 2, {"x": (1, 4, 4), "iou_thresh": 0.5, "max_output": 3}, NMSKeepAttrs(0.5, 3)),
        ("Linspace", ((1,), (1,)), 1, {"x": (1,), "endpoint": False}, LinspaceAttrs(False)),
        ("Diag", (), 1, {"x": (3, 3), "k": -1}, DiagAttrs(-1)),
        ("ROIPooling", (BOXES, (2,)), 2, {"mode": "AVERAGE", "scale": 0.5}, ROIPoolingAttrs(0.5, "average")),
        (
            "ROIAlignV1",
            (BOXES,),
            2,
            {"spatial_scale": 0.5, "offset": 0.25, "pooled_height": 3, "pooled_width": 4, "sample_height": 1},
            ROIAlignAttrs((3, 4), (1, 2), 0.5, 0.25),
        ),
        (
            "DeformablePSROIPoolingForward",
            (BOXES, (2, 2, 3, 3)),
            2,
            {"no_trans": False, "trans_std": 0.5, "pooled_h": 3, "part_size": 3, "sample_per_part": 2},
            DeformablePSROIPoolingAttrs((3, 1), 2, 3, moved=True, movement_scale=0.5),
        ),
        ("ReshapeV1", ((2,),), 1, {"x": (1,), "axis": 7}, ReshapeAttrs()),
        ("ReshapeV1", ((2,),), 1, {"x": (4,), "axis": 1}, ReshapeAttrs(1)),
        ("Dimshuffle", (), 1, {"pattern": (1, -1, 0, 3, 2), "ndim": 4}, DimshuffleAttrs((1, -1, 0, 3, 2))),
        ("AxisAddRemove", (), 1, {"desc": ((0, 1), (1, 1))}, AxisAddRemoveAttrs((("add", 1), ("remove", 1)))),
        ("Concat", (SHAPE,), 1, {"axis": -1}, AxisAttrs(-1)),
        ("Split", ((1,),) * 2, 2, {"axis": 0}, AxisAttrs()),
        ("Subtensor", ((1,),), 1, {"items": ((1, 1, 0, 0, 0),)}, IndexAttrs((flags(1, begin=True),))),
        ("Copy", (), 1, {}, NoAttrs()),
        ("CheckNonFinite", (), 2, {"scale": 0.5}, CheckNonFiniteAttrs(0.5)),
        ("RelayoutFormatV1", (), 1, {"mode": "NCHW_NCHW88"}, RelayoutFormatAttrs("nchw", "nchwC", 8)),
        ("RelayoutFormatV1", (), 1, {"x": (1, 1, 2, 2, 4), "mode": "NCHW4_NCHW", "oc": 3}, CUT),
        ("LRN", (), 1, {"n": 3, "k": 2.0, "alpha": 0.5, "beta": 0.75}, LRNAttrs(3, 2.0, 0.5, 0.75)),
        ("Softmax", (), 1, {"axis": 1}, SoftmaxAttrs(1)),
        ("Elemwise", ((1,),), 1, {"mode": "FUSE_ADD_RELU"}, ElemwiseAttrs("add_relu")),
        ("Elemwise", (), 1, {"mode": "H_SWISH"}, ElemwiseAttrs("h_swish")),
        ("ElemwiseMultiType", ((1,),), 1, {"mode": "LT"}, ElemwiseMultiTypeAttrs("lt", BOOL)),
        ("PowC", (), 1, {"exp": 2.5}, PowCAttrs(2.5)),
        ("MatrixMulV2", ((4, 3),), 1, {"x": (4, 2), "transposeA": True}, MatrixMulAttrs(transpose_a=True)),
        (
            "MatrixMulV2",
            ((2, 3),),
            1,
            {"x": (4, 2), "compute_mode": "FLOAT32"},
            MatrixMulAttrs(wide_sums=True),
        ),
        ("Dot", ((4,),), 1, {"x": (4,)}, DotAttrs()),
        ("Cross", ((3, 2),), 1, {"x": (3, 2), "axisa": 0, "axisb": 0, "axisc": 1}, CrossAttrs((0, 0, 1))),
        (
            "RNNForward",
            ((1, 2, 4), (1, 24)),
            3,
            {**LAYER, "x": (5, 2, 2)},
            RNNAttrs(4, bias=False, activation=RELU),
        ),
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
        (
            "GeneralNorm",
            ((3,),) * 2,
            3,
            {"affine": False, "axis_end": 1},
            "3 inputs do not fit affine = False",
        ),
        (
            "LayerNorm",
            (),
            3,
            {"affine": False, "eps": -1.0, "normalized_dim": 1},
            "parameter epsilon is -1.0, numbers",
        ),
        ("Elemwise", (), 1, {"mode": 999}, "the element-wise mode 999 is not known"),
        ("Elemwise", (), 1, {"mode": "ADD"}, r"\(Elemwise mode=add, .*the mode add has 2 operands, not 1"),
        ("ElemwiseMultiType", ((1,),), 1, {"mode": "QADD"}, "the mode QADD needs a quantised result type"),
        ("ElemwiseMultiType", ((1,),), 1, {"mode": 999}, "the element-wise mode 999 is not known"),
        ("MatrixMulV2", ((2, 3),), 1, {"x": (4, 2), "format": "MK4"}, "matrices packed as MK4"),
        (
            *("RNNForward", ((1, 2, 4), (1, 24)), 3),
            *({**LAYER, "x": (5, 2, 2), "nonlineMode": 9}, "the activation 9 is not known"),
        ),
        ("ReduceV2", (), 1, {"mode": "MEAN"}, "there is neither an axis nor a shape to reduce to"),
        (
            "ReduceV2",
            (),
            1,
            {"mode": 77, "axis": 1},
            "its parameter mode is 77, sum, sum_squares, product, min,",
        ),
        (
            "RelayoutFormatV1",
            (),
            1,
            {"mode": "NCHW_NHWCD4"},
            "change of layout NCHW_NHWCD4 is .*enable_hwcd4",
        ),
        ("RelayoutFormatV1", (), 1, {"mode": "NCHW4_NCHW"}, "does not have the layout nchwC"),
        ("CheckNonFinite", (), 2, {"scale": float("inf")}, "its parameter scale is inf, numbers from"),
        ("CvtColor", (), 1, {"mode": 99}, "the colour conversion 99 is not served"),
        (
            "GaussianBlur",
            (),
            1,
            {"border_mode": "TRANSPARENT"},
            "its parameter border is transparent, replicate,",
        ),
        (
            "WarpPerspectiveV2",
            WARP,
            1,
            {"bmode": "TRANSPARENT"},
            "its parameter border is transparent, replicate,",
        ),
        (
            "WarpPerspectiveV2",
            WARP,
            1,
            {"imode": "AREA"},
            "its parameter mode is area, nearest, linear, cubic,",
        ),
        (
            "WarpPerspectiveV2",
            WARP,
            1,
            {"format": "NCHW4"},
            "warps of NCHW4 data are not served; use NCHW or NHWC",
        ),
        (
            "RemapV1",
            ((2, 3, 3, 2),),
            1,
            {"imode": "CUBIC"},
            "its parameter mode is cubic, nearest, linear are",
        ),
        (
            "ResizeV2",
            ((2,),),
            1,
            {"imode": 9},
            "its parameter mode is 9, nearest, linear, cubic, lanczos4, area are",
        ),
        ("ResizeV2", ((2,),), 1, {"format": "NHWCD4"}, "the layout NHWCD4 is meant for image memory of GPUs"),
        ("Resize3D", ((3,),), 1, {"imode": "CUBIC"}, "volumes are not resized in mode CUBIC; use linear"),
        ("Argsort", (), 2, {"x": (2, 3), "order": 9}, "its parameter order is 9, ascending, descending are"),
        ("CondTake", (SHAPE,), 2, {"mode": 9}, "its parameter condition is 9, eq, neq, lt, leq, gt, geq are"),
        ("Diag", (), 1, {"x": (3, 3), "k": 1 << 30}, "its parameter diagonal is 1073741824, numbers from"),
        ("ROIAlignV1", (BOXES,), 2, {"format": "NHWC"}, "regions of data stored as NHWC are not served"),
        ("ROIAlignV1", (BOXES,), 2, {"pooled_width": 0}, r"its parameter size is \(1, 0\), numbers from 1"),
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


@pytest.mark.parametrize("mode", ["NEAREST", "LINEAR", "CUBIC"])
@pytest.mark.parametrize(
    ("data_format", "order"),
    [("NCHW44", (0, 1, 3, 4, 2)), ("CHWN4", (1, 3, 4, 0, 2)), ("NCHW4", (0, 1, 3, 4, 2))],
)
def test_images_of_blocked_layouts_are_resized_as_plain_ones(
    mode: str, data_format: str, order: tuple[int, ...]
) -> None:
    """MegEngine resizes them linearly, or takes the nearest pixels."""
    x = np.random.default_rng(9).normal(size=(2, 8, 5, 6)).astype(np.float32)
    blocked = np.ascontiguousarray(x.reshape(2, 2, 4, 5, 6).transpose(order))
    found = []
    for data, written, way in (
        (x, "NCHW", "LINEAR" if mode == "CUBIC" else mode),
        (blocked, data_format, mode),
    ):
        m = MgeFile()
        size = m.constant(np.array([8, 4], np.int32))
        y = m.record("ResizeV2", [m.input("x", *data.shape), size], "y", imode=way, format=written)
        found += interpret.run(import_mge(m.bytes(y), "net.mge"), {"x": data})
    want, got = found
    np.testing.assert_array_equal(got, want.reshape(2, 2, 4, 8, 4).transpose(order))


def test_a_function_of_the_users_gives_what_the_operator_of_its_record_does() -> None:
    m = MgeFile()
    y = m.record("ReduceV2", [m.input("x", 2, 3)], "y", mode="SUM", axis=1)
    reader = importer(m.bytes(y), "net.mge", Given(functions={"ReduceV2": CustomFunction("summed")}))
    reader.run()
    (node,) = reader.build.graph.nodes
    assert not reader.build.problems.problems
    assert (node.op, node.output.shape) == ("Custom", (2, 1))
