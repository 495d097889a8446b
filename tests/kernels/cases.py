"""Cases that a test declares, and the drivers that run those of a test on this machine or on one that is emulated.

A test under ``on`` and ``over`` is a generator of cases, whose kernels are compiled together.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest
from emulated import run_emulated
from harness import all_candidates, fresh, host_targets, kernels_of, run_candidate
from mgecc import ops
from mgecc.graph import Node
from mgecc.kernels import Candidate, Kernel
from mgecc.targets import Target, load_target
from native import entries
from specials import has_denormals, with_specials

Arrays = Sequence[np.ndarray]
Compare = Callable[[Arrays, Arrays], None]
# Programs of emulated targets are loaded as one file.
_MOST_WAYS = 400


@dataclass(frozen=True)
class Case:
    """``make`` gives a fresh node; ``compare`` fails if results (first) are not those of the meaning (second)."""

    make: Callable[[], Node]
    inputs: Arrays
    compare: Compare

    def ways(self, target: Target) -> tuple[Node, list[Candidate]]:
        """A node and its candidates."""
        node = self.make()
        return node, all_candidates(node, target)


def case_of(tested: Node, inputs: Arrays, compare: Compare) -> Case:
    """A case of this node, of which there are copies."""
    return Case(partial(fresh, tested), inputs, compare)


@dataclass(frozen=True)
class Close:
    """Compares floats within the tolerance, halves within one unit in the last place unless there is one, all else
    exactly. ``outputs``: how many results are looked at."""

    rtol: float = 1e-5
    atol: float = 1e-5
    outputs: int | None = None

    def __call__(self, got: Arrays, want: Arrays) -> None:
        for a, b in list(zip(want, got, strict=True))[: self.outputs]:
            if a.dtype == np.float16 and not self.rtol:
                there = ~np.isnan(a)
                np.testing.assert_array_equal(~np.isnan(b), there)
                np.testing.assert_array_max_ulp(b[there], a[there], 1)
            elif a.dtype.kind == "f":
                np.testing.assert_allclose(b, a, rtol=self.rtol, atol=self.atol)
            else:
                np.testing.assert_array_equal(b, a)


@dataclass(frozen=True)
class Axis:
    """Arguments that a declared test is called with, as ``pytest.mark.parametrize`` takes them."""

    names: str | tuple[str, ...]
    values: Sequence[Any]
    ids: Any = None

    def arguments(self) -> list[dict[str, Any]]:
        """The arguments of each value."""
        if isinstance(self.names, str):
            return [{self.names: value} for value in self.values]
        return [dict(zip(self.names, value, strict=True)) for value in self.values]


Generate = Callable[..., Iterator[Case]]


def over(
    names: str | tuple[str, ...], values: Sequence[Any], ids: Any = None
) -> Callable[[Generate], Generate]:
    """Call a declared test for each of the values."""

    def mark(generate: Generate) -> Generate:
        vars(generate).setdefault("axes", []).append(Axis(names, values, ids))
        return generate

    return mark


@dataclass
class Declared:
    """A declared test: its cases, for any target, and the axes it is called over."""

    generate: Generate
    axes: Sequence[Axis] = field(default_factory=list)

    def cases(self, target: Target) -> Iterator[Case]:
        """Those of all calls, for one target."""
        for picked in itertools.product(*(axis.arguments() for axis in self.axes)):
            yield from self.generate(target=target, **{k: v for part in picked for k, v in part.items()})

    def kernels(self, target: Target) -> list[Kernel]:
        """Those of all calls, so that one run of the compiler serves them."""
        works = [case.ways(target) for case in self.cases(target)]
        return [k for node, found in works for candidate in found for k in kernels_of(node, candidate)]


def on(targets: Sequence[Target]) -> Callable[[Generate], Callable[..., None]]:
    """Make a test of a generator of cases: run them on each of the targets, which this machine is."""

    def make(generate: Generate) -> Callable[..., None]:
        declared = Declared(generate, vars(generate).get("axes", []))

        def test(target: Target, **arguments: Any) -> None:
            run_native(list(generate(target=target, **arguments)), target, partial(declared.kernels, target))

        vars(test).update(
            declared=declared,
            __signature__=inspect.signature(generate),
        )
        test.__name__, test.__module__, test.__doc__ = (
            generate.__name__,
            generate.__module__,
            generate.__doc__,
        )
        for axis in declared.axes:
            test = pytest.mark.parametrize(axis.names, axis.values, ids=axis.ids)(test)
        return pytest.mark.parametrize("target", targets, ids=[t.isa for t in targets])(test)

    return make


# Plain C, and one ISA with vectors.
TWO = [t for t in host_targets() if t.isa in ("scalar", "avx2")]


def run_native(cases: Sequence[Case], target: Target, beside: Callable[[], Sequence[Kernel]] = tuple) -> None:
    """Every candidate of every case on this machine, with specials too. Their kernels are compiled together, with those
    ``beside`` them."""
    assert cases
    works = [(case, *case.ways(target)) for case in cases]
    kernels = [k for _, node, found in works for candidate in found for k in kernels_of(node, candidate)]
    entries(kernels, target, beside)
    for case, node, found in works:
        for inputs in with_specials(node, case.inputs):
            want = ops.evaluate(node, inputs)
            for candidate in found:
                got = run_candidate(node, target, candidate, inputs)
                _compare(case, node, candidate, target, got, want)


def run_as_program(cases: Sequence[Case], target_name: str) -> None:
    """Every candidate of every case in a few programs on a target that is emulated, with the specials that it has."""
    target = load_target(target_name)
    ways = [
        (case, node, candidate, inputs)
        for case, (node, found) in [(case, case.ways(target)) for case in cases]
        for inputs in with_specials(node, case.inputs, denormals=has_denormals(target.isa))
        for candidate in found
    ]
    for start in range(0, len(ways), _MOST_WAYS):
        part = ways[start : start + _MOST_WAYS]
        results = run_emulated([(node, found, inputs) for _, node, found, inputs in part], target_name)
        for (case, node, found, inputs), got in zip(part, results, strict=True):
            _compare(case, node, found, target, got, ops.evaluate(node, inputs))


def _compare(case: Case, node: Node, candidate: Candidate, target: Target, got: Arrays, want: Arrays) -> None:
    try:
        case.compare(got, want)
    except AssertionError as error:
        shapes = [v.type for v in node.inputs]
        raise AssertionError(
            f"{node.op} {node.attrs} of {shapes} by {candidate.why} on {target.isa}: {error}"
        ) from None
