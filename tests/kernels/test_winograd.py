"""Winograd kernels compute what ConvBias means, within the errors that their transforms state."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import harness
import numpy as np
import pytest
from batch import Case, check_emulated, check_native
from mgecc.graph import Node
from mgecc.kernels import Candidate
from mgecc.kernels.conv.winograd import cook_toom
from mgecc.targets import Target, load_target
from test_conv import case

SIZES = sorted(cook_toom.POINTS)
# The clip is wide: errors are relative to the range of the sums, not of what a clip leaves of them.
ACTIVATIONS = [("identity",), ("relu",), ("clip", -6.0, 9.0)]
HOSTS = [target for target in harness.host_targets() if target.lanes > 1]


class Winograd(Case):
    """A case for the candidates of this file alone."""

    def candidates(self, node: Node, target: Target) -> list[Candidate]:
        return [found for found in super().candidates(node, target) if "Winograd" in found.why]


def cases(seed: int, count: int) -> list[Case]:
    """Random images, paddings and channels; a pixel; sizes beside multiples of the tiles; several images."""
    rng = np.random.default_rng(seed)
    three = {"k": (3, 3)}
    made = []
    for _ in range(count):
        ic, oc, h, w, n = (int(v) for v in rng.integers(1, (40, 70, 20, 20, 3)))
        form = {
            "pad": tuple(int(v) for v in rng.integers(0, 3, 4)),
            "act": ACTIVATIONS[rng.integers(3)],
            **three,
        }
        made.append(case(rng, ic, oc, h + 2, w + 2, n=n, z=bool(rng.random() < 0.4), **form))
    made += [
        case(rng, 5, 9, 1, 1, pad=(1, 1, 1, 1), **three),
        case(rng, 16, 20, 1, 14, pad=(1, 1, 1, 1), z=True, **three),
        case(rng, 16, 36, 13, 1, pad=(1, 1, 1, 1), n=2, **three),
        case(rng, 8, 8, 12, 12, pad=(0, 2, 1, 0), bias=False, **three),
        case(rng, 32, 32, 24, 24, pad=(1, 1, 1, 1), act=("relu",), z=True, **three),
        case(rng, 130, 64, 9, 11, pad=(1, 1, 1, 1), **three),
    ]
    return [Winograd(each.text, each.make, each.inputs) for each in made]


@pytest.mark.parametrize("target", HOSTS, ids=[target.isa for target in HOSTS])
def test_every_tile_agrees_with_the_meaning(target: Target) -> None:
    assert check_native(cases(target.lanes, 14), target) == {"conv/winograd/winograd.c.j2"}


@pytest.mark.parametrize("name", ["arm64", "armv7"])
def test_arm_agrees_with_the_meaning(name: str) -> None:
    check_emulated(cases(len(name), 14), name)


def _sums(steps: tuple[cook_toom.Step, ...], prefix: str, given: np.ndarray) -> np.ndarray:
    """Steps along axis 0, in float32."""
    known = {f"{prefix}{i}": row for i, row in enumerate(given)}
    for name, terms in steps:
        known[name] = sum((np.float32(c) * known[other] for c, other in terms[1:]), known[terms[0][1]])
    return np.stack([v for k, v in sorted(known.items()) if k.startswith("v")])


@pytest.mark.parametrize("m", SIZES)
def test_errors_stay_within_those_that_are_stated(m: int) -> None:
    """64 channels of uniform numbers, against float64, relative to three standard deviations of the outputs."""
    rng, points, t = np.random.default_rng(m), cook_toom.POINTS[m], m + 2
    names = [f"d{i}" for i in range(t)]
    inward, outward = cook_toom.inputs(points, names, "v"), cook_toom.outputs(points, m, names, "v")
    g = np.array([[float(v) for v in row] for row in cook_toom.filters(points, 3)])
    d, w = (rng.uniform(-1, 1, (k, k, 64, 40)).astype(np.float32) for k in (t, 3))
    weights = np.einsum("ak,kl...,bl->ab...", g, w.astype(np.float64), g).astype(np.float32)
    turned = _sums(inward, "d", _sums(inward, "d", d).swapaxes(0, 1)).swapaxes(0, 1)
    sums = (turned * weights).sum(2, dtype=np.float32)
    got = _sums(outward, "d", _sums(outward, "d", sums).swapaxes(0, 1)).swapaxes(0, 1)
    spots = [d[i : i + m, j : j + m].astype(np.float64) * w[i, j] for i in range(3) for j in range(3)]
    want = sum(spots).sum(2)
    assert np.abs(got - want).max() <= cook_toom.ERRORS[m] * 3 * want.std()


@pytest.mark.parametrize("m", SIZES)
def test_transforms_are_exact_in_rational_numbers(m: int) -> None:
    """The steps of the transforms, done with fractions, give the correlation without any error."""
    rng = np.random.default_rng(m)
    points, t = cook_toom.POINTS[m], m + 2
    d, g = ([Fraction(int(v)) for v in rng.integers(-9, 9, k)] for k in (t, 3))

    def run(steps: tuple[cook_toom.Step, ...], values: list[Fraction], count: int) -> list[Fraction]:
        known = {f"d{i}": v for i, v in enumerate(values)}
        for name, terms in steps:
            known[name] = sum((Fraction(c) * known[other] for c, other in terms), Fraction(0))
        return [known[f"v{i}"] for i in range(count)]

    names = [f"d{i}" for i in range(t)]
    inward = run(cook_toom.inputs(points, names, "v"), d, t)
    weights = [sum((c * v for c, v in zip(row, g)), Fraction(0)) for row in cook_toom.filters(points, 3)]
    got = run(cook_toom.outputs(points, m, names, "v"), [a * b for a, b in zip(inward, weights)], m)
    assert got == [sum((d[i + k] * g[k] for k in range(3)), Fraction(0)) for i in range(m)]


def test_first_coefficients_are_one() -> None:
    """The templates take the first term of every sum as it is."""
    for m in SIZES:
        names = [f"d{i}" for i in range(m + 2)]
        steps = (
            *cook_toom.inputs(cook_toom.POINTS[m], names, "v"),
            *cook_toom.outputs(cook_toom.POINTS[m], m, names, "v"),
        )
        assert all(terms[0][0] == 1 for _, terms in steps)


def test_resnet_layers_take_winograd_unless_weights_are_halves() -> None:
    target, rng = load_target("arm64"), np.random.default_rng(0)
    node = case(rng, 64, 64, 28, 28, k=(3, 3), pad=(1, 1, 1, 1)).make()
    assert "Winograd" in min(harness.all_candidates(node, target), key=lambda c: c.cost).why
    node.attrs = replace(node.attrs, weights_f16=True)
    assert not any("Winograd" in c.why for c in harness.all_candidates(node, target))
