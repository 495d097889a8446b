"""Random graphs of the supported operators, compiled and run, compute what the operators mean.

MGECC_RANDOM_GRAPHS multiplies how many are tried; with MGECC_RANDOM_SEED they are others.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from mgecc import interpret, lowering
from mgecc.config import ModelConfig
from mgecc.graph import Diagnostics
from mgecc.targets import load_target
from mgecc.toolrun.session import compile_and_build, prepare, run_cases
from mgecc.toolrun.tensors import input_cases, output_arrays
from random_graphs import Made, Pick, random_graph

TIMES = int(os.environ.get("MGECC_RANDOM_GRAPHS", "1"))
SEED = os.environ.get("MGECC_RANDOM_SEED", "")


def check(made: Made, again: Made, target: str, outside: frozenset[str] = frozenset()) -> None:
    """``again``: the same graph once more, for the passes to change. ``outside``: inputs or outputs in buffers."""
    want = interpret.run(made.graph, made.arrays)
    with tempfile.TemporaryDirectory(prefix="random-") as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(lowering, "survey", lambda config, data: (again.graph, Diagnostics("random")))
        folder = Path(name)
        config = ModelConfig(folder / "random.mge", "random", folder / "random.mge", buffers=outside)
        config.model.write_bytes(b"")  # its digest is reported
        libraries = compile_and_build(config, load_target(*target.split(":")), "zig", folder / "products")
        session = prepare(libraries, "zig", folder / "runner")
        cases = input_cases({f"in.{key}": array for key, array in made.arrays.items()}, session.interface)
        results, _ = run_cases(session, session.runners[0], cases)
        got = [array[0] for array in output_arrays(results, session.interface)]
    for (_, value), a, b in zip(made.graph.outputs, got, want, strict=True):
        if value.type.dtype.is_float:
            limit = 2e-2 if value.type.dtype.name == "float16" else 1e-3
            peak = max(1.0, float(np.abs(b[np.isfinite(b)], dtype=np.float32).max(initial=0)))
            np.testing.assert_allclose(a, b.reshape(a.shape), rtol=limit, atol=limit * peak)
        else:
            np.testing.assert_array_equal(a, b.reshape(a.shape))


# Few large graphs where building and starting a program takes longest.
@pytest.mark.parametrize(
    ("target", "count", "steps", "outside"),
    [
        ("x86_64", 10, 14, ""),
        ("x86_64:v2", 2, 50, ""),
        ("arm64", 2, 50, ""),
        ("armv7", 2, 50, ""),
        ("baremetal", 2, 50, ""),
        ("x86_64", 6, 8, "inputs outputs"),
        ("x86_64", 6, 8, "outputs"),
    ],
)
def test_random_graphs_give_what_their_operators_mean(
    target: str, count: int, steps: int, outside: str
) -> None:
    @settings(
        max_examples=count * TIMES,
        deadline=None,
        derandomize=not SEED,
        database=None,
        phases=[
            Phase.generate
        ],  # a graph of few steps is small enough to look at, and every try takes a second
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def run(data: st.DataObject) -> None:
        taken: list[int] = []

        def choose(items: Sequence[Any]) -> Any:
            taken.append(data.draw(st.integers(0, len(items) - 1)))
            return items[taken[-1]]

        made = random_graph(Pick(choose), steps)
        replay = iter(taken)
        again = random_graph(Pick(lambda items: items[next(replay)]), steps)
        check(made, again, target, frozenset(outside.split()))

    (seed(int(SEED))(run) if SEED else run)()
