"""Resizing in all its forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from networks import agrees, model, results, survey
from onnx import helper

COORDINATES = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_crop_and_resize",
)
ROI = {2: [0.1, 0.2, 0.9, 1.1], 4: [0, 0, 0.1, 0.2, 1, 1, 0.9, 1.1]}


def data(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=shape).astype(np.float32)


def network(x: np.ndarray, opset: int = 24, **stated: Any) -> bytes:
    """A network of one Resize; ``scales``, ``sizes`` and ``roi`` are operands, all else attributes."""
    operands = {name: stated.pop(name) for name in ("roi", "scales", "sizes") if name in stated}
    names = ["x", *(name if name in operands else "" for name in ("roi", "scales", "sizes"))]
    kinds = {"roi": np.float32, "scales": np.float32, "sizes": np.int64}
    constants = {name: np.array(numbers, kinds[name]) for name, numbers in operands.items()}
    node = helper.make_node("Resize", names if opset > 10 else ["x", "scales"], ["y"], **stated)
    return model([node], {"x": x.shape}, ["y"], constants, opset)


@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("scales", [(2, 3), (0.6, 1.7), (1, 0.5), (0.2, 0.2)])
def test_all_coordinates(coordinates: str, mode: str, scales: tuple[float, float]) -> None:
    x = data(1, 2, 5, 6)
    stated = {"mode": mode, "coordinate_transformation_mode": coordinates, "extrapolation_value": 3.0}
    agrees(network(x, scales=[1, 1, *scales], roi=ROI[4], **stated), rtol=1e-4, atol=1e-5, x=x)


@pytest.mark.parametrize("rounding", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
@pytest.mark.parametrize("coordinates", ["half_pixel", "asymmetric", "align_corners"])
def test_nearest_elements_by_all_roundings(rounding: str, coordinates: str) -> None:
    x = data(2, 1, 7, 4)
    stated = {"nearest_mode": rounding, "coordinate_transformation_mode": coordinates}
    agrees(network(x, sizes=[2, 1, 14, 3], **stated), x=x)


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("outside", [0, 1])
@pytest.mark.parametrize("antialias", [0, 1])
def test_weights_that_add_up_to_one(mode: str, outside: int, antialias: int) -> None:
    x = data(1, 1, 9, 8)
    agrees(
        network(
            x,
            sizes=[1, 1, 4, 11],
            mode=mode,
            exclude_outside=outside,
            antialias=antialias,
            cubic_coeff_a=-0.5,
        ),
        rtol=1e-4,
        atol=1e-5,
        x=x,
    )


@pytest.mark.parametrize("policy", ["stretch", "not_larger", "not_smaller"])
def test_chosen_axes(policy: str) -> None:
    x = data(6, 5, 2)
    agrees(
        network(x, sizes=[9, 4], axes=[0, 1], mode="linear", keep_aspect_ratio_policy=policy),
        rtol=1e-4,
        atol=1e-5,
        x=x,
    )
    crop = {"roi": ROI[2], "coordinate_transformation_mode": "tf_crop_and_resize"}
    agrees(network(x, sizes=[9, 4], axes=[0, 1], mode="linear", **crop), rtol=1e-4, atol=1e-5, x=x)


def test_axes_that_count_from_the_last() -> None:
    x = data(6, 5, 2)
    from_the_last, plain = (
        results(network(x, scales=[2, 3], axes=axes), x=x)[0] for axes in ([-1, 0], [2, 0])
    )
    assert from_the_last.shape == (18, 5, 4)
    np.testing.assert_array_equal(from_the_last, plain)


def test_rows_and_columns_that_are_repeated_are_one_node() -> None:
    for stated in ({"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, {}):
        graph, problems = survey(network(data(1, 3, 4, 5), scales=[1, 1, 2, 2], **stated))
        assert problems == [] and [node.op for node in graph.nodes] == ["Resize"]


def test_files_of_opset_10_repeat_the_element_before() -> None:
    x = data(1, 1, 2, 3)
    y = results(network(x, 10, scales=[1, 1, 2, 1.5]), x=x)[0]
    np.testing.assert_array_equal(y, x.repeat(2, axis=2)[:, :, :, [0, 0, 1, 2]])


def test_bytes_are_rounded() -> None:
    node = helper.make_node("Resize", ["i", "", "scales"], ["y"], mode="linear")
    cast = helper.make_node("Cast", ["x"], ["i"], to=2)
    net = model([cast, node], {"x": [2]}, ["y"], {"scales": np.array([2], np.float32)})
    assert results(net, x=np.array([1, 255], np.float32))[0].tolist() == [1, 64, 192, 255]


def test_sizes_that_the_model_computes_are_refused() -> None:
    node = helper.make_node("Resize", ["x", "", "", "sizes"], ["y"])
    cast = helper.make_node("Cast", ["n"], ["sizes"], to=7)
    _, (problem,) = survey(model([cast, node], {"x": [3], "n": [1]}, ["y"]))
    assert "decides the form of the result but is computed from the model's data" in problem
