"""Many cases at once: every candidate of every case against the operator's meaning, all kernels in one library."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from emulated import run_emulated
from harness import all_candidates, kernels_of, lay_out, run_candidate
from mgecc import ops
from mgecc.graph import Node
from mgecc.kernels import Candidate
from mgecc.targets import Target, load_target
from specials import has_denormals, with_specials

RTOL = 1e-4


@dataclass(frozen=True)
class Case:
    """``make`` gives a fresh node; ``inputs`` its numbers, constants included; ``text`` says what is tested.

    ``room`` gives the allowed error of each number of the result, 1e-4 of the largest unless given.
    """

    text: str
    make: Callable[[], Node]
    inputs: Sequence[np.ndarray]
    room: Callable[[Case], np.ndarray] | None = None

    @cached_property
    def want(self) -> np.ndarray:
        return ops.evaluate(self.make(), self.inputs)[0]

    def candidates(self, node: Node, target: Target) -> list[Candidate]:
        """Those of the node that are tested."""
        return all_candidates(node, target)

    def ways(self, target: Target) -> Iterator[tuple[Node, Candidate]]:
        """Each candidate, while the node's values are in its layouts."""
        node = self.make()
        for candidate in self.candidates(node, target):
            lay_out(node, candidate)
            yield node, candidate


def _compare(case: Case, candidate: Candidate, target: Target, got: np.ndarray) -> None:
    want = case.want
    message = f"{case.text}: {candidate.why} on {target.isa}"
    if want.dtype.kind != "f":
        np.testing.assert_array_equal(got, want, err_msg=message)
        return
    if case.room is not None:
        finite, room = np.isfinite(want), np.broadcast_to(case.room(case), want.shape)
        np.testing.assert_array_equal(got[~finite], want[~finite], err_msg=message)
        over = np.abs(got[finite].astype(np.float64) - want[finite]) / room[finite]
        assert over.max(initial=0) <= 1, f"{message}: {over.max():.3g} of the room"
        return
    largest = np.abs(want).max(where=np.isfinite(want), initial=1.0)
    np.testing.assert_allclose(got, want, rtol=RTOL, atol=RTOL * float(largest), err_msg=message)


def _all(cases: Sequence[Case], denormals: bool = True) -> list[Case]:
    """The cases, and each once more with NaN, infinities and, unless the target flushes them, denormals."""
    return [
        replace(case, inputs=inputs)
        for case in cases
        for inputs in with_specials(case.make(), case.inputs, denormals=denormals)
    ]


def check_native(cases: Sequence[Case], target: Target) -> set[str]:
    """Run all candidates on this machine; gives the templates that were run."""
    cases = _all(cases)
    ways = [(case, node, found) for case in cases for node, found in case.ways(target)]
    kernels = [kernel for _, node, found in ways for kernel in kernels_of(node, found)]
    for case, node, found in ways:
        _compare(case, found, target, run_candidate(node, target, found, case.inputs, kernels)[0])
    return {k.template for k in kernels}


def check_emulated(cases: Sequence[Case], target_name: str) -> None:
    """Run all candidates as one program on a target that is emulated."""
    target = load_target(target_name)
    cases = _all(cases, denormals=has_denormals(target.isa))
    ways = [(case, node, found) for case in cases for node, found in case.ways(target)]
    results = run_emulated([(node, found, case.inputs) for case, node, found in ways], target_name)
    for (case, _, found), got in zip(ways, results, strict=True):
        _compare(case, found, target, got[0])
