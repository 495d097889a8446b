"""Recurrent layers with variable tensors compute what TensorFlow Lite Micro's reference kernels made of streams."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mgecc import frontends, interpret
from mgecc.config import ModelConfig, Verify
from mgecc.targets import load_target
from mgecc.toolrun.session import compile_and_build, prepare
from mgecc.toolrun.verify import verify
from recurrent_cases import RUNS, recurrent_cases

STORED = dict(np.load(Path(__file__).parents[2] / "data" / "tflite" / "recurrent.npz"))
CASES = recurrent_cases()
TOLERANCE = 2e-5


def stream_of(name: str) -> np.ndarray:
    """What our meaning makes of the stream."""
    graph, problems = frontends.survey(CASES[name].data, "net.tflite")
    assert [str(problem) for problem in problems.problems] == []
    states = interpret.initial_states(graph)
    return np.stack([interpret.run(graph, {"x": x}, states=states)[0] for x in CASES[name].inputs["x"]])


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_layer_gives_the_recorded_stream(name: str) -> None:
    found, expected = stream_of(name), STORED[name]
    assert found.dtype == expected.dtype and len(np.unique(expected[-1])) > 2
    if expected.dtype == np.int8:
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


def test_every_stream_depends_on_earlier_runs() -> None:
    assert set(STORED) == set(CASES)
    assert all(len(y) == RUNS for y in STORED.values())


@pytest.mark.parametrize("target", ["x86_64", "arm64", "armv7", "baremetal"])
@pytest.mark.parametrize(
    "name", [n for n in sorted(CASES) if n.endswith(("fine_cells", "clipped", "zero5", "int16_zero0"))]
)
def test_a_library_gives_the_recorded_stream(name: str, target: str, tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(CASES[name].data)
    libraries = compile_and_build(
        ModelConfig(path, "net", path), load_target(target), "zig", tmp_path / "products"
    )
    session = prepare(libraries, "zig", tmp_path / "runner")
    x, y = {"in.x": CASES[name].inputs["x"]}, {"out.0": STORED[name]}
    exact = STORED[name].dtype == np.int8
    (errors,) = verify(session, x, y, Verify() if exact else Verify(rtol=TOLERANCE, atol=TOLERANCE)).values()
    assert [error.outside for error in errors] == [0]
