"""Decision trees vote as they mean to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases import Case, Close, case_of, on, over
from harness import host_targets, node, value
from mgecc.graph import Node
from mgecc.targets import Target


def forest(
    seed: int, features: int, targets: int, trees: int, aggregate: str
) -> tuple[Node, list[np.ndarray]]:
    """Random trees, and rows of small whole numbers with some that are none, so that splits are met exactly."""
    random = np.random.default_rng(seed)
    nodes, splits, roots, votes = [], [], [], []
    for _ in range(trees):
        size, first = int(random.integers(0, 12)), len(nodes)
        roots.append(first if size else -1 - len(votes))
        open_ = 1
        for k in range(size):
            nodes.append([int(random.integers(0, 2 * features)), 0, 0])
            splits.append(float(random.integers(-3, 4)))
        waiting = list(range(1, size))
        for k in range(size):
            for column in (1, 2):
                if waiting and (random.random() < 0.6 or column == 2 and waiting[0] == k + 1):
                    nodes[first + k][column] = first + waiting.pop(0)
                else:
                    nodes[first + k][column] = -1 - len(votes)
                    votes.append(int(random.integers(0, 4)))
        votes += [open_] * (size == 0)
    ends = np.cumsum([0, *votes])
    tables = [
        np.array(nodes, np.int32).reshape(-1, 3),
        np.array(splits, np.float32),
        np.array(roots, np.int32),
        ends.astype(np.int32),
        random.integers(0, targets, ends[-1]).astype(np.int32),
        random.normal(size=ends[-1]).astype(np.float32),
    ]
    x = random.integers(-4, 5, (17, features)).astype(np.float32)
    x[random.random(x.shape) < 0.1] = np.nan
    inputs = [value("x", x.shape), *(value(f"t{k}", t.shape, t.dtype.name, t) for k, t in enumerate(tables))]
    return node("TreeEnsemble", inputs, aggregate=aggregate, targets=targets), [x, *tables]


@on(host_targets())
@over("aggregate", ["sum", "min", "max"])
def test_votes(target: Target, aggregate: str) -> Iterator[Case]:
    for seed, (features, targets, trees) in enumerate([(1, 1, 1), (3, 2, 5), (7, 4, 20), (2, 3, 2)] * 2):
        yield case_of(*forest(seed, features, targets, trees, aggregate), Close(1e-5, 1e-5))
