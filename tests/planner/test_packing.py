"""Kernel sets of a combined target read one packing of a layer's weights where that costs little."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
from mgecc.compiler import compile_model
from mgecc.config import load_config
from mgecc.graph import Node, TensorType, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.graph.types import FLOAT32
from mgecc.kernels import Call, Candidate, Const, Kernel
from mgecc.planner.packing import COST_GROWTH, share_packings
from mgecc.planner.shrink import Choice

MODELS = Path(__file__).parents[2] / "models"
KERNEL = Kernel("k", "k.c.j2", ())


def packed(order: int) -> np.ndarray:
    return np.full(1024, order, np.float32)


def candidate(order: int, cost: float, block: int = 4) -> Candidate:
    const = Const(partial(packed, order))
    return Candidate(lambda n: [Call(KERNEL, (const,))], cost, (block, 1), (block,))


def choice(name: str, *candidates: Candidate) -> Choice:
    x = Value("x", TensorType((4,), FLOAT32))
    w = Value("w", TensorType((1024,), FLOAT32), const=np.zeros(1024, np.float32))
    y = Value("y", TensorType((4,), FLOAT32))
    return Choice(Node("Op", name, NoAttrs(), [x, w], [y]), candidates[0], candidates)


def costs(chosen: list[Choice]) -> list[float]:
    return [c.candidate.cost for c in chosen]


def test_a_layer_takes_the_packing_that_costs_all_members_least() -> None:
    one = [choice("a", candidate(1, 1000), candidate(2, 1010), candidate(3, 1001))]
    other = [choice("a", candidate(4, 1000), candidate(2, 1000), candidate(3, 1005))]
    first, second = share_packings([one, other])
    assert costs(first) == [1001] and costs(second) == [1005]


def test_sharing_stops_where_a_member_would_execute_much_more() -> None:
    layers = [choice(str(k), candidate(10 + k, 1000), candidate(k, 1030)) for k in range(9)]
    others = [choice(str(k), candidate(k, 1000)) for k in range(9)]
    first, second = share_packings([layers, others])
    assert costs(first).count(1030) == 6 and costs(second) == [1000] * 9
    assert sum(costs(first)) <= (1 + COST_GROWTH) * 9000


def test_layouts_stay_as_they_are() -> None:
    one = [choice("a", candidate(1, 1000), candidate(2, 1000, block=1))]
    other = [choice("a", candidate(2, 1000))]
    assert costs(share_packings([one, other])[0]) == [1000]
    assert share_packings([one, other])[0][0].candidate is one[0].candidate


def test_weights_for_both_arm_libraries_are_hardly_more_than_for_one() -> None:
    config = load_config(MODELS / "mobilenet" / "model.yaml")
    single = len(compile_model(config, "arm64").files["mobilenet.blob"])
    files = compile_model(config, "arm64v7").files
    report = json.loads(files["report.json"])
    assert len(files["mobilenet.blob"]) < 1.001 * single
    assert all(member["unshared_weights"] < 0.001 * member["weights"] for member in report["members"])
