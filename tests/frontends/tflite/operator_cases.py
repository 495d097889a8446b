"""Operators in all their forms, with what goes in; ``record_operators.py`` stores what comes out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from tflite_case import Case, Given, case, integers, n, numbers, x

ONE = (
    "ABS CEIL COS EXP FLOOR LOGISTIC NEG RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 SIGN SIN SQUARE TANH HARD_SWISH"
)
TWO = "ADD SUB MUL DIV"
PLAIN_TWO = "MAXIMUM MINIMUM SQUARED_DIFFERENCE FLOOR_DIV FLOOR_MOD"
COMPARED = "EQUAL NOT_EQUAL LESS LESS_EQUAL GREATER GREATER_EQUAL"
_TABLES = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions", "DIV": "DivOptions"}


def elementwise() -> Iterator[Case]:
    for type in (*ONE.split(), "ELU", "ROUND"):
        yield case(
            "numbers",
            type,
            [
                Given(
                    np.append(numbers(2, 11).reshape(-1), [0, -0.5, 0.5, 1.5, 2.5, 7, -7]).astype(np.float32)
                )
            ],
            [[29]],
        )
    for type in ("LOG", "SQRT", "RSQRT"):
        yield case("numbers", type, [x(2, 7, low=0.01)], [[2, 7]])
    for type in TWO.split():
        for word in ("NONE", "RELU", "RELU6", "RELU_N1_TO_1"):
            options = (_TABLES[type], {"fused_activation_function": word})
            yield case(word.lower(), type, [x(2, 3, 4), x(3, 4, low=0.5)], [[2, 3, 4]], options)
    for type in PLAIN_TWO.split():
        yield case("numbers", type, [x(2, 3, 4), x(4, low=0.5)], [[2, 3, 4]])
    for type in ("FLOOR_DIV", "FLOOR_MOD"):
        yield case("negative", type, [x(12), Given(-numbers(12, low=0.5))], [[12]])
        below = np.where(integers(12) < 0, -3, 2).astype(np.int32)
        yield case("integers", type, [Given(integers(12)), Given(below)], [([12], "INT32")])
    for type in COMPARED.split():
        yield case("integers", type, [Given(integers(3, 4)), Given(integers(4))], [([3, 4], "BOOL")])
    yield case("quadrants", "ATAN2", [x(9), x(9)], [[9]])
    yield case("power", "POW", [x(9, low=0.1), x(9)], [[9]])
    yield case("three", "ADD_N", [x(5), x(5), numbers(5)], [[5]])
    yield case("channels", "PRELU", [x(1, 2, 3, 4), numbers(1, 1, 4)], [[1, 2, 3, 4]])
    yield case("slope", "LEAKY_RELU", [x(2, 5)], [[2, 5]], ("LeakyReluOptions", {"alpha": 0.1}))
    for exact in (False, True):
        yield case(str(exact), "GELU", [x(2, 5)], [[2, 5]], ("GeluOptions", {"approximate": not exact}))
    mask = Given(np.array([True, False, True]))
    yield case("rows", "SELECT", [mask, x(3, 2), x(3, 2)], [[3, 2]])
    yield case("stretched", "SELECT_V2", [mask, x(2, 3), numbers(1)], [[2, 3]])
    yield case("not", "LOGICAL_NOT", [mask], [([3], "BOOL")])
    for type in ("LOGICAL_AND", "LOGICAL_OR"):
        yield case("bools", type, [mask, Given(np.array([[True], [False]]))], [([2, 3], "BOOL")])
    options = ("CastOptions", {"in_data_type": "FLOAT32", "out_data_type": "INT32"})
    yield case("integers", "CAST", [x(2, 5)], [([2, 5], "INT32")], options)


def _window(**more: Any) -> dict[str, Any]:
    return {"padding": "SAME", "stride_w": 1, "stride_h": 1, **more}


def convolutions() -> Iterator[Case]:
    for padding, size in (("SAME", (3, 4)), ("VALID", (2, 3))):
        options = _window(padding=padding, stride_h=2, stride_w=2, fused_activation_function="RELU6")
        yield case(
            padding,
            "CONV_2D",
            [x(1, 6, 7, 3), numbers(4, 3, 3, 3), numbers(4)],
            [[1, *size, 4]],
            ("Conv2DOptions", options),
        )
    options = _window(dilation_h_factor=2, dilation_w_factor=3)
    yield case(
        "dilated",
        "CONV_2D",
        [x(2, 9, 8, 2), numbers(3, 2, 3, 2), numbers(3)],
        [[2, 9, 8, 3]],
        ("Conv2DOptions", options),
    )
    yield case(
        "grouped",
        "CONV_2D",
        [x(1, 5, 5, 4), numbers(6, 3, 3, 2), numbers(6)],
        [[1, 5, 5, 6]],
        ("Conv2DOptions", _window()),
    )
    for multiplier in (1, 2):
        options = _window(depth_multiplier=multiplier, stride_h=2, stride_w=2)
        channels = 3 * multiplier
        yield case(
            f"times_{multiplier}",
            "DEPTHWISE_CONV_2D",
            [x(1, 6, 7, 3), numbers(1, 3, 3, channels), numbers(channels)],
            [[1, 3, 4, channels]],
            ("DepthwiseConv2DOptions", options),
        )
    for padding, size in (("SAME", (8, 10)), ("VALID", (9, 11))):
        options = _window(padding=padding, stride_h=2, stride_w=2)
        yield case(
            padding,
            "TRANSPOSE_CONV",
            [n(1, *size, 4), numbers(4, 3, 3, 3), x(1, 4, 5, 3), numbers(4)],
            [[1, *size, 4]],
            ("TransposeConvOptions", options),
            version=3,
        )


def products() -> Iterator[Case]:
    options = {"padding": "SAME", "stride_d": 1, "stride_h": 2, "stride_w": 2}
    yield case(
        "same",
        "CONV_3D",
        [x(1, 3, 5, 6, 2), numbers(2, 3, 3, 2, 4), numbers(4)],
        [[1, 3, 3, 3, 4]],
        ("Conv3DOptions", options),
    )
    for keep, shape in ((True, [2, 3, 4]), (False, [6, 4])):
        options = {"keep_num_dims": keep, "fused_activation_function": "RELU"}
        yield case(
            f"keep_{keep}",
            "FULLY_CONNECTED",
            [x(2, 3, 5), numbers(4, 5), numbers(4)],
            [shape],
            ("FullyConnectedOptions", options),
            version=5,
        )
    for a, b in ((False, False), (True, True)):
        shapes = ([2, 4, 3] if a else [2, 3, 4]), ([5, 4] if b else [4, 5])
        yield case(
            f"{a}_{b}",
            "BATCH_MATMUL",
            [x(*shapes[0]), x(2, *shapes[1])],
            [[2, 3, 5]],
            ("BatchMatMulOptions", {"adj_x": a, "adj_y": b}),
        )


def pooling() -> Iterator[Case]:
    for type in ("MAX_POOL_2D", "AVERAGE_POOL_2D", "L2_POOL_2D"):
        for padding, size in (("SAME", (3, 4)), ("VALID", (2, 3))):
            options = _window(padding=padding, stride_h=2, stride_w=2, filter_width=3, filter_height=3)
            yield case(padding, type, [x(1, 6, 7, 3)], [[1, *size, 3]], ("Pool2DOptions", options))


def resizes() -> Iterator[Case]:
    for type, table in (
        ("RESIZE_BILINEAR", "ResizeBilinearOptions"),
        ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"),
    ):
        for word, options in (
            ("plain", {}),
            ("aligned", {"align_corners": True}),
            ("half", {"half_pixel_centers": True}),
        ):
            for h, w in ((8, 10), (3, 2), (7, 7), (1, 1)):
                yield case(
                    f"{word}_{h}_{w}",
                    type,
                    [x(1, 4, 5, 3), n(h, w)],
                    [[1, h, w, 3]],
                    (table, options),
                    version=3,
                )


def indexing() -> Iterator[Case]:
    for axis, shape in ((0, [2, 4, 5]), (1, [3, 2, 5]), (-1, [3, 4, 2])):
        yield case(
            f"axis_{axis}", "GATHER", [x(3, 4, 5), n(2, 0)], [shape], ("GatherOptions", {"axis": axis})
        )
    rows = Given(integers(2, 3, low=0, high=4))
    yield case(
        "batched",
        "GATHER",
        [x(2, 4, 5), rows],
        [[2, 3, 5]],
        ("GatherOptions", {"axis": 1, "batch_dims": 1}),
        version=5,
    )
    yield case(
        "batched_last",
        "GATHER",
        [x(2, 3, 4), rows],
        [[2, 3, 3]],
        ("GatherOptions", {"axis": 2, "batch_dims": 1}),
        version=5,
    )
    yield case("computed", "GATHER", [x(4, 5), rows], [[2, 3, 5]], ("GatherOptions", {"axis": 0}))
    yield case("elements", "GATHER_ND", [x(3, 4), Given(integers(5, 2, low=0, high=3))], [[5]])
    yield case("parts", "GATHER_ND", [x(3, 4, 2), n([[2], [0]])[0]], [[2, 4, 2]])
    yield case("rows", "EMBEDDING_LOOKUP", [n(2, 0, 2), x(3, 4)], [[3, 4]])
    yield case("twice", "SCATTER_ND", [n([[3], [0], [3]])[0], x(3, 2), n(5, 2)], [[5, 2]])
    yield case(
        "moved",
        "DYNAMIC_UPDATE_SLICE",
        [x(4, 5), x(2, 3), Given(np.array([3, 1], np.int32))],
        [[4, 5]],
        version=2,
    )
    lengths = Given(np.array([2, 4, 1], np.int32))
    yield case(
        "rows",
        "REVERSE_SEQUENCE",
        [x(3, 4, 2), lengths],
        [[3, 4, 2]],
        ("ReverseSequenceOptions", {"seq_dim": 1, "batch_dim": 0}),
    )
    yield case("three", "TOPK_V2", [x(2, 3, 6), np.array(3, np.int32)], [[2, 3, 3], ([2, 3, 3], "INT32")])
    for axis, shape in ((-1, [2, 3, 5]), (0, [5, 2, 3])):
        numbers_ = [
            Given(integers(2, 3, low=-1, high=5)),
            np.array(5, np.int32),
            np.float32(2),
            np.float32(-1),
        ]
        yield case(f"axis_{axis}", "ONE_HOT", numbers_, [shape], ("OneHotOptions", {"axis": axis}))


def shapes() -> Iterator[Case]:
    block = n(2, 3)
    pads = np.array([[1, 0], [0, 1]], np.int32)
    yield case("padded", "SPACE_TO_BATCH_ND", [x(2, 5, 5, 2), block, pads], [[12, 3, 2, 2]])
    yield case("cut", "BATCH_TO_SPACE_ND", [x(12, 3, 2, 2), block, pads], [[2, 5, 5, 2]])
    yield case("signal", "SPACE_TO_BATCH_ND", [x(1, 6, 3), n(2), np.array([[0, 0]], np.int32)], [[2, 3, 3]])
    yield case(
        "two", "SPACE_TO_DEPTH", [x(1, 4, 6, 3)], [[1, 2, 3, 12]], ("SpaceToDepthOptions", {"block_size": 2})
    )
    yield case(
        "two", "DEPTH_TO_SPACE", [x(1, 2, 3, 12)], [[1, 4, 6, 3]], ("DepthToSpaceOptions", {"block_size": 2})
    )
    yield case("rest", "RESHAPE", [x(2, 6), n(3, -1)], [[3, 4]])
    yield case("option", "RESHAPE", [x(2, 6)], [[4, 3]], ("ReshapeOptions", {"new_shape": [4, 3]}))
    yield case("all", "SQUEEZE", [x(1, 3, 1)], [[3]], ("SqueezeOptions", {}))
    yield case("one", "SQUEEZE", [x(1, 3, 1)], [[1, 3]], ("SqueezeOptions", {"squeeze_dims": [-1]}))
    yield case("last", "EXPAND_DIMS", [x(2, 3), np.array(-1, np.int32)], [[2, 3, 1]])
    yield case("three", "TRANSPOSE", [x(2, 3, 4), n(2, 0, 1)], [[4, 2, 3]])
    yield case("rows", "BROADCAST_TO", [x(3, 1), n(2, 3, 4)], [[2, 3, 4]], version=3)
    yield case(
        "axis",
        "CONCATENATION",
        [x(2, 3), numbers(2, 1), x(2, 2)],
        [[2, 6]],
        ("ConcatenationOptions", {"axis": -1}),
    )
    yield case(
        "axis", "PACK", [x(2, 3), x(2, 3)], [[2, 2, 3]], ("PackOptions", {"values_count": 2, "axis": 1})
    )
    yield case("axis", "UNPACK", [x(2, 3)], [[2]] * 3, ("UnpackOptions", {"num": 3, "axis": 1}))
    yield case(
        "halves", "SPLIT", [np.array(1, np.int32), x(2, 6)], [[2, 3]] * 2, ("SplitOptions", {"num_splits": 2})
    )
    yield case(
        "rest",
        "SPLIT_V",
        [x(2, 6), n(1, -1, 2), np.array(1, np.int32)],
        [[2, 1], [2, 3], [2, 2]],
        ("SplitVOptions", {"num_splits": 3}),
    )
    yield case("part", "SLICE", [x(3, 5), n(1, 2), n(-1, 2)], [[2, 2]])
    yield case("axes", "REVERSE_V2", [x(2, 3), n(1)], [[2, 3]])
    yield case("zeros", "PAD", [x(2, 3), np.array([[1, 0], [2, 1]], np.int32)], [[3, 6]])
    yield case("value", "PADV2", [x(2, 3), np.array([[1, 0], [2, 1]], np.int32), np.float32(7)], [[3, 6]])
    for mode in ("REFLECT", "SYMMETRIC"):
        yield case(
            mode,
            "MIRROR_PAD",
            [x(4, 5), np.array([[2, 1], [0, 3]], np.int32)],
            [[7, 8]],
            ("MirrorPadOptions", {"mode": mode}),
        )
    yield case("counts", "TILE", [x(2, 3), n(3, 2)], [[6, 6]])
    yield case("ones", "ZEROS_LIKE", [x(2, 3)], [[2, 3]])
    yield case("number", "FILL", [n(2, 3), x()], [[2, 3]])
    yield from strided_slices()


def strided_slices() -> Iterator[Case]:
    forms = {
        "plain": ((1, 0), (4, 5), (2, 1), {}, [2, 5, 3]),
        "negative": ((-1, -2), (-4, 5), (-1, 1), {}, [3, 2, 3]),
        "masks": ((2, 2), (3, 3), (1, 1), {"begin_mask": 1, "end_mask": 2}, [3, 3, 3]),
        "shrink": ((1, -2), (2, 9), (1, 1), {"shrink_axis_mask": 3}, [3]),
        "new": ((1, 0, 1), (3, 0, 4), (1, 1, 1), {"new_axis_mask": 2}, [2, 1, 3, 3]),
        "dots": ((0, 1), (0, 3), (1, 1), {"ellipsis_mask": 1}, [4, 5, 2]),
        "backwards": ((-1, 0), (0, 5), (-2, 1), {"end_mask": 1}, [2, 5, 3]),
        "dots_shrink": ((0, 1), (0, 2), (1, 1), {"ellipsis_mask": 1, "shrink_axis_mask": 2}, [4, 5]),
    }  # fmt: skip
    for name, (begin, end, step, options, shape) in forms.items():
        yield case(
            name,
            "STRIDED_SLICE",
            [x(4, 5, 3), n(*begin), n(*end), n(*step)],
            [shape],
            ("StridedSliceOptions", options),
        )


def reductions() -> Iterator[Case]:
    for type in ("SUM", "MEAN", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"):
        for keep, shape in ((True, [2, 1, 1]), (False, [2])):
            yield case(
                f"keep_{keep}", type, [x(2, 3, 4), n(1, -1)], [shape], ("ReducerOptions", {"keep_dims": keep})
            )
    for type in ("REDUCE_ANY", "REDUCE_ALL"):
        bits = Given(integers(3, 4, low=0, high=3) > 0)
        yield case("rows", type, [bits, n(1)], [([3], "BOOL")], ("ReducerOptions", {"keep_dims": False}))
    for beta in (1.0, 0.5):
        yield case(f"beta_{beta}", "SOFTMAX", [x(2, 5)], [[2, 5]], ("SoftmaxOptions", {"beta": beta}))
    yield case("rows", "LOG_SOFTMAX", [x(2, 5)], [[2, 5]])
    yield case("rows", "L2_NORMALIZATION", [x(2, 5)], [[2, 5]], ("L2NormOptions", {}))
    for type, table in (("ARG_MAX", "ArgMaxOptions"), ("ARG_MIN", "ArgMinOptions")):
        yield case(
            "axis",
            type,
            [x(2, 5, 3), np.array(1, np.int32)],
            [([2, 3], "INT32")],
            (table, {"output_type": "INT32"}),
        )
    for exclusive, reverse in ((False, False), (True, True)):
        yield case(
            f"{exclusive}_{reverse}",
            "CUMSUM",
            [x(2, 5), np.array(1, np.int32)],
            [[2, 5]],
            ("CumsumOptions", {"exclusive": exclusive, "reverse": reverse}),
        )
    options = {"radius": 2, "bias": 1.0, "alpha": 0.1, "beta": 0.75}
    yield case(
        "channels",
        "LOCAL_RESPONSE_NORMALIZATION",
        [x(1, 2, 3, 7)],
        [[1, 2, 3, 7]],
        ("LocalResponseNormalizationOptions", options),
    )


@cache
def all_cases() -> dict[str, Case]:
    """By name, in order; the numbers are the same in every run, as they are drawn once."""
    families = (elementwise, convolutions, products, pooling, resizes, indexing, shapes, reductions)
    return {case.name: case for family in families for case in family()}
