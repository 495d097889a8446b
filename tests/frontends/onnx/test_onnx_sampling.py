"""Reading images and volumes at computed places, windows as columns, and positions of largest elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from networks import agrees, model, results, survey
from onnx import helper


def data(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


def network(
    op: str, x: np.ndarray, outputs: int = 1, constants: dict[str, np.ndarray] | None = None, **attrs: Any
) -> bytes:
    """A network of one node that reads x and constants."""
    names = [f"y{k}" for k in range(outputs)]
    node = helper.make_node(op, ["x", *(constants or {})], names, **attrs)
    return model([node], {"x": x.shape}, names, constants)


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("border", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("corners", [0, 1])
@pytest.mark.parametrize("size", [(3, 4), (2, 3, 4)])
def test_places_of_all_modes(mode: str, border: str, corners: int, size: tuple[int, ...]) -> None:
    x, out = data(2, 2, *size), (3, 2, 2)[: len(size)]
    grid = np.random.default_rng(1).uniform(-1.7, 1.7, (2, *out, len(size))).astype(np.float32)
    node = helper.make_node(
        "GridSample", ["x", "grid"], ["y"], mode=mode, padding_mode=border, align_corners=corners
    )
    agrees(model([node], {"x": x.shape, "grid": grid.shape}, ["y"]), rtol=1e-3, atol=1e-4, x=x, grid=grid)


def test_places_that_are_no_numbers_lie_outside() -> None:
    node = helper.make_node("GridSample", ["x", "grid"], ["y"])
    net = model([node], {"x": [1, 1, 2, 2], "grid": [1, 1, 2, 2]}, ["y"])
    grid = np.array([[[[np.nan, 0], [0, np.inf]]]], np.float32)
    assert results(net, x=data(1, 1, 2, 2), grid=grid)[0].reshape(-1).tolist() == [0, 0]


def test_places_that_do_not_fit_are_refused() -> None:
    node = helper.make_node("GridSample", ["x", "grid"], ["y"])
    _, (problem,) = survey(model([node], {"x": [2, 1, 2, 2], "grid": [1, 1, 2, 2]}, ["y"]))
    assert "do not fit the images or volumes" in problem


@pytest.mark.parametrize("size", [(6,), (6, 5), (4, 5, 6)])
@pytest.mark.parametrize("attrs", [{}, {"strides": 2}, {"dilations": 2}, {"pads": 1}])
def test_columns_of_one_to_three_axes(size: tuple[int, ...], attrs: dict[str, int]) -> None:
    rank, kernel = len(size), (2, 3, 2)[: len(size)]
    stated = {name: [n] * (2 * rank if name == "pads" else rank) for name, n in attrs.items()}
    step, apart, pad = attrs.get("strides", 1), attrs.get("dilations", 1), attrs.get("pads", 0)
    out = [(n + 2 * pad - apart * (k - 1) - 1) // step + 1 for n, k in zip(size, kernel)]
    x = data(2, 3 * int(np.prod(kernel)), int(np.prod(out)))
    agrees(
        network("Col2Im", x, 1, {"size": np.array(size), "window": np.array(kernel)}, **stated),
        atol=1e-5,
        x=x,
    )


def largest(x: np.ndarray, pads: int, taps: int, step: int, by_columns: bool) -> np.ndarray:
    """Positions in the whole of x (n, c, h, w), by hand."""
    n, c, h, w = x.shape
    order = "F" if by_columns else "C"
    flat = np.stack([p.reshape(h, w, order=order) for p in np.arange(x.size).reshape(n * c, h * w)]).reshape(
        x.shape
    )
    edges = [(0, 0), (0, 0), (pads, pads), (pads, pads)]
    values, places = np.pad(x, edges, constant_values=-np.inf), np.pad(flat, edges, constant_values=-1)
    found = []
    for i in range(0, h + 2 * pads - taps + 1, step):
        for j in range(0, w + 2 * pads - taps + 1, step):
            cells, at = (a[:, :, i : i + taps, j : j + taps].reshape(n * c, -1) for a in (values, places))
            best = np.where(at >= 0, np.maximum(cells, np.finfo(np.float32).min), -np.inf).argmax(1)
            found.append(np.take_along_axis(at, best[:, None], 1)[:, 0])
    return np.stack(found, 1)


@pytest.mark.parametrize(("pads", "taps", "step"), [(0, 2, 2), (1, 3, 2), (1, 2, 1)])
@pytest.mark.parametrize("order", [0, 1])
def test_positions_of_largest_elements(pads: int, taps: int, step: int, order: int) -> None:
    """The first of equal ones; infinitely small ones are still in the data."""
    x = np.random.default_rng(0).integers(0, 3, (2, 2, 5, 4)).astype(np.float32)
    x[0, 0] = -np.inf
    attrs = {"kernel_shape": [taps] * 2, "strides": [step] * 2, "pads": [pads] * 4, "storage_order": order}
    y, places = results(network("MaxPool", x, 2, **attrs), x=x)
    expected = largest(x, pads, taps, step, bool(order))
    np.testing.assert_array_equal(places.reshape(4, -1), expected)
    if not order:
        np.testing.assert_array_equal(y.reshape(-1), x.reshape(-1)[places.reshape(-1)])


def test_positions_of_signals_and_their_way_back() -> None:
    x = data(2, 3, 8)
    nodes = [
        helper.make_node("MaxPool", ["x"], ["y", "at"], kernel_shape=[2], strides=[2]),
        helper.make_node("MaxUnpool", ["y", "at"], ["z"], kernel_shape=[2], strides=[2]),
    ]
    z = results(model(nodes, {"x": x.shape}, ["z"]), x=x)[0]
    pairs = x.reshape(2, 3, 4, 2)
    np.testing.assert_array_equal(
        z, np.where(pairs == pairs.max(3, keepdims=True), pairs, 0).reshape(x.shape)
    )


def test_positions_in_volumes_are_refused() -> None:
    _, (problem,) = survey(network("MaxPool", data(1, 1, 2, 2, 2), 2, kernel_shape=[2, 2, 2]))
    assert "positions of largest elements" in problem


@pytest.mark.parametrize("mode", ["avg", "max"])
@pytest.mark.parametrize("coordinates", ["half_pixel", "output_half_pixel"])
@pytest.mark.parametrize("ratio", [0, 2])
def test_regions_that_reach_over_the_edge(mode: str, coordinates: str, ratio: int) -> None:
    x = data(2, 3, 6, 7)
    boxes = np.array([[-3, -2, 4, 3], [1, 1, 1.2, 1.1], [3, 2, 20, 9.3]], np.float32)
    stated = {"output_height": 2, "output_width": 3, "sampling_ratio": ratio, "spatial_scale": 0.8}
    node = helper.make_node(
        "RoiAlign", ["x", "b", "n"], ["y"], mode=mode, coordinate_transformation_mode=coordinates, **stated
    )
    net = model([node], {"x": x.shape, "b": boxes.shape}, ["y"], {"n": np.array([1, 0, 1])})
    agrees(net, rtol=1e-4, atol=1e-5, x=x, b=boxes)


def test_largest_elements_of_regions() -> None:
    """By hand: pixels 0 to 2 of image 1 in bins that overlap, and a region outside of all."""
    x = np.arange(18, dtype=np.float32).reshape(2, 1, 3, 3)
    boxes = np.array([[1, 0, 0, 4, 4], [0, 9, 9, 9, 9]], np.float32)
    node = helper.make_node("MaxRoiPool", ["x", "b"], ["y"], pooled_shape=[2, 2], spatial_scale=0.5)
    net = model([node], {"x": x.shape, "b": boxes.shape}, ["y"])
    y = results(net, x=x, b=boxes)[0]
    assert y.reshape(2, 4).tolist() == [[13, 14, 16, 17], [0, 0, 0, 0]]
