"""Convolutions, pooling and padding of ONNX, in forms that the standard's own tests do not have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from networks import agrees, model, results
from onnx import helper

SIZES = {1: (9,), 2: (9, 7), 3: (6, 5, 4)}


def data(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


def on_data(op: str, x: np.ndarray, constants: dict[str, np.ndarray] | None = None, **attrs: Any) -> bytes:
    """A network of one node that reads x and constants; absent ones are called ''."""
    constants = constants or {}
    node = helper.make_node(op, ["x", *constants], ["y"], **attrs)
    given = {name: array for name, array in constants.items() if name}
    return model([node], {"x": x.shape}, ["y"], given)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(
    "attrs",
    [
        {"auto_pad": "SAME_LOWER"},
        {"auto_pad": "SAME_UPPER", "strides": 2},
        {"dilations": 2, "strides": 2},
        {"pads": (2, 1), "group": 2},
    ],
)
def test_convolutions_of_all_ranks(rank: int, attrs: dict[str, Any]) -> None:
    x, groups = data(2, 4, *SIZES[rank]), attrs.get("group", 1)
    constants = {"w": data(6, 4 // groups, *[2] * rank), "b": data(6)}
    agrees(on_data("Conv", x, constants, **spread(attrs, rank)), rtol=1e-4, atol=1e-5, x=x)


def spread(attrs: dict[str, Any], rank: int) -> dict[str, Any]:
    """Numbers for every axis, and pads (before, after) for every axis."""
    found = dict(attrs)
    for name in ("strides", "dilations", "output_padding"):
        if name in found:
            found[name] = [found[name]] * rank
    if "pads" in found:
        before, after = found["pads"]
        found["pads"] = [before] * rank + [after] * rank
    return found


def test_a_bias_that_the_model_computes_is_added() -> None:
    x, w = data(1, 2, 5, 5), data(3, 2, 3, 3)
    node = helper.make_node("Conv", ["x", "w", "b"], ["y"])
    net = model([node], {"x": x.shape, "b": [3]}, ["y"], {"w": w})
    agrees(net, rtol=1e-4, atol=1e-5, x=x, b=np.array([1, 2, 3], np.float32))


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(
    "attrs",
    [
        {"strides": 2, "pads": (1, 1), "output_padding": 1},
        {"strides": 2, "pads": (1, 0), "output_padding": 1},
        {"strides": 2, "auto_pad": "SAME_LOWER"},
        {"strides": 3, "dilations": 2},
    ],
)
def test_transposed_convolutions_of_all_ranks(rank: int, attrs: dict[str, Any]) -> None:
    x, constants = data(1, 4, *SIZES[rank]), {"w": data(4, 6, *[3] * rank), "b": data(6)}
    agrees(on_data("ConvTranspose", x, constants, **spread(attrs, rank)), rtol=1e-4, atol=1e-5, x=x)


def test_groups_are_transposed_convolutions_of_their_channels() -> None:
    x, w = data(1, 4, 5), data(4, 3, 2)
    y = results(on_data("ConvTranspose", x, {"w": w}, group=2, dilations=[2]), x=x)[0]
    for k, part in enumerate(np.split(y, 2, axis=1)):
        own = x[:, 2 * k : 2 * k + 2]
        alone = results(on_data("ConvTranspose", own, {"w": w[2 * k : 2 * k + 2]}, dilations=[2]), x=own)[0]
        np.testing.assert_allclose(part, alone, rtol=1e-5, atol=1e-6)


def test_the_stated_size_of_a_transposed_convolution_decides_the_padding() -> None:
    x = data(1, 2, 5)
    for rule, first in (("NOTSET", 1), ("SAME_UPPER", 0)):
        y = results(
            on_data("ConvTranspose", x, {"w": data(2, 1, 4)}, strides=[2], output_shape=[11], auto_pad=rule),
            x=x,
        )[0]
        full = results(on_data("ConvTranspose", x, {"w": data(2, 1, 4)}, strides=[2]), x=x)[0]
        np.testing.assert_array_equal(y, full[:, :, first : first + 11])


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool", "LpPool"])
@pytest.mark.parametrize(
    "attrs",
    [
        {"strides": 2},
        {"strides": 2, "pads": (1, 0), "ceil_mode": 1},
        {"strides": 3, "pads": (1, 1), "ceil_mode": 1},
        {"dilations": 2, "pads": (1, 1)},
    ],
)
def test_pooling_of_all_ranks(op: str, rank: int, attrs: dict[str, Any]) -> None:
    x = data(1, 3, *SIZES[rank])
    if op == "LpPool" and "ceil_mode" in attrs:
        attrs = attrs | {"ceil_mode": 0}  # the evaluator leaves cells out of the sum, but counts them
    given = spread(attrs, rank) | {"kernel_shape": [2] * rank}
    agrees(on_data(op, x, **given), rtol=1e-5, atol=1e-5, x=x)


def test_the_sum_of_powers_is_of_what_lies_in_the_data() -> None:
    x = np.array([[[3.0, 4, -5]]], np.float32)
    net = on_data("LpPool", x, kernel_shape=[2], strides=[2], ceil_mode=1, p=2)
    assert results(net, x=x)[0].reshape(-1).tolist() == [5, 5]


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool", "LpPool"])
@pytest.mark.parametrize(("rule", "pads"), [("SAME_UPPER", [0, 1, 1, 1]), ("SAME_LOWER", [1, 1, 0, 1])])
def test_padding_that_keeps_as_many_windows_as_steps(op: str, rule: str, pads: list[int]) -> None:
    x = data(1, 2, 6, 5)
    same, padded = (
        results(on_data(op, x, kernel_shape=[3, 3], strides=[2, 2], **attrs), x=x)[0]
        for attrs in ({"auto_pad": rule}, {"pads": pads})
    )
    assert same.shape == (1, 2, 3, 3)
    np.testing.assert_array_equal(same, padded)


@pytest.mark.parametrize(
    ("taps", "dilation", "expected"),
    [(3, 1, [(0 + 1 + 2) / 3, (3 + 4 + 5) / 3, (6 + 0) / 2]), (2, 2, [(0 + 2) / 2, (3 + 5) / 2, 6])],
)
def test_means_count_the_padding_but_not_what_hangs_over_it(
    taps: int, dilation: int, expected: list[float]
) -> None:
    """Six cells between two of padding, in steps of three, by hand."""
    x = np.arange(1, 7, dtype=np.float32).reshape(1, 1, 6)
    numbers = {"kernel_shape": [taps], "strides": [3], "pads": [1, 1], "dilations": [dilation]}
    net = on_data("AveragePool", x, ceil_mode=1, count_include_pad=1, **numbers)
    np.testing.assert_allclose(results(net, x=x)[0].reshape(-1), expected, rtol=1e-6)


@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap"])
@pytest.mark.parametrize("pads", [[0, 2, 0, 1], [1, 0, 2, 3], [5, 0, 0, 9]])
def test_padding_by_the_datas_own_elements(mode: str, pads: list[int]) -> None:
    x = data(3, 4)
    agrees(on_data("Pad", x, {"pads": np.array(pads)}, mode=mode), x=x)


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
def test_negative_padding_cuts_off_before_elements_are_added(mode: str) -> None:
    x = data(2, 6)
    y = results(on_data("Pad", x, {"pads": np.array([-2, 2]), "": x, "axes": np.array([-1])}, mode=mode), x=x)
    np.testing.assert_array_equal(y[0], np.pad(x[:, 2:], [(0, 0), (0, 2)], mode=mode))  # type: ignore[call-overload]


def test_padding_by_a_number_that_the_model_computes() -> None:
    node = helper.make_node("Pad", ["x", "pads", "value"], ["y"])
    net = model([node], {"x": [2], "value": []}, ["y"], {"pads": np.array([1, 2])})
    agrees(net, x=data(2), value=np.array(2.5, np.float32))


def test_padding_by_large_integers() -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["i"], to=6),
        helper.make_node("Pad", ["i", "pads", "value"], ["y"]),
    ]
    numbers = {"pads": np.array([1, 0]), "value": np.array(123456789, np.int32)}
    y = results(model(nodes, {"x": [2]}, ["y"], numbers), x=np.array([1, 2], np.float32))
    assert y[0].tolist() == [123456789, 1, 2]
