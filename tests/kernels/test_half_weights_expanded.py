"""Recurrent, attention and gathering kernels read weights in half precision from the blob, tile by tile.

Their own tests once more, with weights that are numbers of half precision. Layers of recurrent networks store the sum
of two biases, which is rounded by up to 2^-12 of one; all else is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import test_attention
import test_gathers
import test_recurrent_kernels
import test_window
from cases import Arrays, Case, Close, over, run_as_program
from checks import on_host, seeds
from mgecc import ops
from mgecc.graph import Node, Value
from mgecc.kernels import Const, candidates
from mgecc.targets import Target, load_target

TESTS: dict[str, Callable[..., Iterator[Case]]] = {
    "transposed": partial(test_window.test_transposed_convolution.declared.generate, rank=2),
    "transposed 3-D": partial(test_window.test_transposed_convolution.declared.generate, rank=3),
    "3-D": test_window.test_3d_convolution.declared.generate,
    "regions": partial(test_window.test_region_restricted_convolution.declared.generate, dtype="int32"),
    "local": partial(test_window.test_local_convolution.declared.generate, op="Local"),
    "local groups": partial(test_window.test_local_convolution.declared.generate, op="GroupLocal"),
    "shared areas": test_window.test_local_convolution_with_shared_areas.declared.generate,
    "deformable": test_gathers.test_deformable_convolution.declared.generate,
    "LSTM": partial(test_recurrent_kernels.test_layers.declared.generate, op="LSTM"),
    "RNN": partial(test_recurrent_kernels.test_layers.declared.generate, op="RNN"),
    "GRU": partial(test_recurrent_kernels.test_gated_layers.declared.generate, reset_after=True),
    "LSTM cell": partial(test_recurrent_kernels.test_cells.declared.generate, op="LSTMCell"),
    "RNN cell": partial(test_recurrent_kernels.test_cells.declared.generate, op="RNNCell"),
    "attention": test_attention.test_attention_with_projections.declared.generate,
    "attention mask": test_attention.test_additive_mask.declared.generate,
}
RECURRENT = ("LSTM", "GRU", "RNN", "LSTMCell", "RNNCell")


def halved(case: Case) -> Case:
    """The case with weights that are numbers of half precision, and nodes that say so."""
    places, inputs = ops.find(case.make().op).weights, list(case.inputs)
    for place in places:
        inputs[place] = inputs[place].astype(np.float16).astype(np.float32)

    def make() -> Node:
        node = case.make()
        for place in places:
            node.inputs[place] = Value("w", node.inputs[place].type, const=inputs[place])
        node.attrs = replace(node.attrs, weights_f16=True)
        return node

    return replace(case, make=make, inputs=inputs)


def stores_halves(node: Node, target: Target) -> bool:
    """Whether all larger constants of all candidates are halves."""
    calls = [call for found in candidates(node, target) for call in found.build(node)]
    consts = [o.pack() for call in calls for o in call.operands if isinstance(o, Const)]
    return bool(consts) and all(c.dtype == np.float16 for c in consts if c.dtype.kind == "f")


@on_host
@over("name", TESTS)
@seeds
def test_same_results(target: Target, name: str, seed: int) -> Iterator[Case]:
    for case in map(halved, TESTS[name](target=target, seed=seed)):
        assert stores_halves(case.make(), target)
        assert isinstance(case.compare, Close)
        wider = replace(case.compare, rtol=1e-3, atol=1e-3)
        yield replace(case, compare=wider) if case.make().op in RECURRENT else case


def within(room: float) -> Callable[[Arrays, Arrays], None]:
    """The first result is within ``room`` of its largest number, or of one."""

    def compare(got: Arrays, want: Arrays) -> None:
        largest = np.abs(want[0]).max(where=np.isfinite(want[0]), initial=1)
        np.testing.assert_allclose(got[0], want[0], rtol=0, atol=room * largest)

    return compare


@pytest.mark.parametrize("target", ["arm64", "armv7"])
@pytest.mark.parametrize("name", TESTS)
def test_on_arm(name: str, target: str) -> None:
    made = [halved(case) for seed in range(20) for case in TESTS[name](target=load_target(target), seed=seed)]
    cases = [replace(c, compare=within(1e-3 if c.make().op in RECURRENT else 1e-4)) for c in made]
    run_as_program(cases, target)
