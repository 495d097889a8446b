"""Random models whose sizes depend on the data, compiled and run, compute what their operators mean.

MGECC_RANDOM_GRAPHS multiplies how many are tried; with MGECC_RANDOM_SEED they are others.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest
from counted_graphs import counted_model
from mgecc import interpret
from mgecc.config import ModelConfig
from mgecc.frontends.mge.importer import import_mge
from mgecc.targets import load_target
from mgecc.toolrun.session import Session, compile_and_build, prepare, run_cases
from mgecc.toolrun.tensors import Arrays, input_cases, output_arrays, valid_part

TIMES = int(os.environ.get("MGECC_RANDOM_GRAPHS", "1"))
SEED = int(os.environ.get("MGECC_RANDOM_SEED", "1"))


def given(rng: np.random.Generator, values: np.ndarray) -> Arrays:
    """``values`` in eighths, and rows."""
    return {
        "values": (np.round(values * 8) / 8).astype(np.float32),
        "rows": (rng.integers(-16, 17, (9, 3)) / 8).astype(np.float32),
    }


def same(session: Session, model: bytes, arrays: Arrays) -> None:
    want = interpret.run(import_mge(model, "net"), arrays)
    cases = input_cases({f"in.{name}": x for name, x in arrays.items()}, session.interface)
    results, _ = run_cases(session, session.runners[0], cases)
    found = output_arrays(results, session.interface)
    for k, expected in enumerate(want):
        tensor, (got,) = valid_part(session.interface.outputs[k], found, k)
        assert got.shape == expected.shape, tensor.name
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5, err_msg=tensor.name)


@pytest.mark.parametrize(
    ("target", "count", "steps"),
    [("x86_64", 4, 12), ("arm64", 1, 24), ("armv7", 1, 24), ("baremetal", 1, 24)],
)
def test_what_chosen_elements_become_is_what_operators_mean(
    target: str, count: int, steps: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(SEED)
    for turn in range(count * TIMES):
        path = tmp_path / f"net{turn}.mge"
        path.write_bytes(counted_model(random.Random(f"{SEED} {target} {turn}").choice, steps))
        folder = tmp_path / f"products{turn}"
        libraries = compile_and_build(ModelConfig(path, "net", path), load_target(target), "zig", folder)
        session = prepare(libraries, "zig", folder / "runner")
        for values in (rng.uniform(-2, 2, 9), np.full(9, -10.0), np.full(9, 10.0)):
            same(session, path.read_bytes(), given(rng, values))
