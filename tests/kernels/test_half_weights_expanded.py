"""Recurrent, attention and gathering kernels read weights in half precision from the blob, tile by tile.

Their own tests once more, with weights that are numbers of half precision. Layers of recurrent networks store the sum
of two biases, which is rounded by up to 2^-12 of one; all else is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import checks
import numpy as np
import pytest
import test_attention
import test_gathers
import test_recurrent_kernels
import test_window
from batch import Case, check_emulated
from checks import SEEDS, TARGETS
from mgecc import ops
from mgecc.graph import Node, Value
from mgecc.kernels import Const, candidates
from mgecc.targets import Target, load_target

Pair = tuple[Value, np.ndarray]
TESTS: dict[str, Callable[[Target, int], None]] = {
    "transposed": partial(test_window.test_transposed_convolution, axes="hw"),
    "transposed 3-D": partial(test_window.test_transposed_convolution, axes="dhw"),
    "3-D": test_window.test_3d_convolution,
    "regions": partial(test_window.test_region_restricted_convolution, dtype="int32"),
    "local": partial(test_window.test_local_convolution, op="Local"),
    "local groups": partial(test_window.test_local_convolution, op="GroupLocal"),
    "shared areas": test_window.test_local_convolution_with_shared_areas,
    "deformable": partial(test_gathers.test_deformable_convolution, mode="CROSS_CORRELATION"),
    "LSTM": partial(test_recurrent_kernels.test_layers, op="LSTM"),
    "RNN": partial(test_recurrent_kernels.test_layers, op="RNN"),
    "LSTM cell": partial(test_recurrent_kernels.test_cells, op="LSTMCell"),
    "RNN cell": partial(test_recurrent_kernels.test_cells, op="RNNCell"),
    "attention": test_attention.test_attention_with_projections,
    "attention mask": test_attention.test_additive_mask,
}
EVERY = pytest.mark.parametrize("name", TESTS)
_MODULES = (test_attention, test_gathers, test_recurrent_kernels, test_window)


def halved(op: str, attrs: dict[str, Any], pairs: Sequence[Pair]) -> tuple[dict[str, Any], list[Pair]]:
    """Attributes that say so, and inputs with weights of half precision."""
    made = list(pairs)
    for position in ops.find(op).weights:
        value, array = made[position]
        rounded = array.astype(np.float16).astype(np.float32)
        made[position] = Value(value.name, value.type, const=rounded), rounded
    return {**attrs, "weights_f16": True}, made


def stores_halves(node: Node, target: Target) -> bool:
    """Whether all larger constants of all candidates are halves."""
    calls = [call for found in candidates(node, target) for call in found.build(node)]
    consts = [o.pack() for call in calls for o in call.operands if isinstance(o, Const)]
    return bool(consts) and all(c.dtype == np.float16 for c in consts if c.dtype.kind == "f")


@TARGETS
@EVERY
@SEEDS
def test_same_results(target: Target, name: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def agree(op: str, attrs: dict[str, Any], pairs: Sequence[Pair], *args: Any, **limits: Any) -> None:
        more, rounded = halved(op, attrs, pairs)
        assert stores_halves(checks.make(op, more, rounded), target)
        limits |= {"rtol": 1e-3, "atol": 1e-3} if op in ("LSTM", "RNN", "LSTMCell", "RNNCell") else {}
        checks.agree(op, more, rounded, *args, **limits)

    for module in _MODULES:
        monkeypatch.setattr(module, "agree", agree)
    TESTS[name](target, seed)


def _room(share: float, case: Case) -> np.ndarray:
    return np.full(
        case.want.shape, share * max(1, np.abs(case.want).max(where=np.isfinite(case.want), initial=0))
    )


@pytest.mark.parametrize("target", ["arm64", "armv7"])
@EVERY
def test_on_arm(name: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cases: list[Case] = []

    def collect(op: str, attrs: dict[str, Any], pairs: Sequence[Pair], *_: Any, **__: Any) -> None:
        more, rounded = halved(op, attrs, pairs)
        arrays = [array for _, array in rounded]
        make = partial(checks.make, op, more, [(Value(v.name, v.type, const=v.const), a) for v, a in rounded])
        share = 1e-3 if op in ("LSTM", "RNN", "LSTMCell", "RNNCell") else 1e-4
        cases.append(Case(f"{op} {more}", make, arrays, partial(_room, share)))

    for module in _MODULES:
        monkeypatch.setattr(module, "agree", collect)
    for seed in range(20):
        TESTS[name](load_target(target), seed)
    check_emulated(cases, target)
