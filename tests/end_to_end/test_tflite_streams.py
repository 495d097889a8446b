"""A wake word of int8 numbers with variables: what TensorFlow Lite Micro stored of a stream, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mgecc import interpret
from mgecc.config import ModelConfig, Verify, load_cases
from mgecc.lowering import load_graph
from mgecc.targets import load_target
from mgecc.toolrun.session import compile_and_build, prepare
from mgecc.toolrun.verify import verify

DATA = Path(__file__).parents[1] / "data" / "tflite"
CONFIG = ModelConfig(DATA / "hey_jarvis.tflite", "hey_jarvis", DATA / "hey_jarvis.tflite")
RECORDED = load_cases(DATA / "hey_jarvis.npz")
INPUT = "in.serving_default_input_audio:0"


def test_the_recorded_stream_depends_on_earlier_runs() -> None:
    graph = load_graph(CONFIG)
    (value,) = graph.given_inputs
    alone = [interpret.run(graph, {value.name: x})[0] for x in RECORDED[INPUT]]
    assert not np.array_equal(np.stack(alone), RECORDED["out.0"])


def test_the_meaning_gives_the_recorded_stream() -> None:
    graph = load_graph(CONFIG)
    (value,) = graph.given_inputs
    states = interpret.initial_states(graph)
    found = [interpret.run(graph, {value.name: x}, states=states)[0] for x in RECORDED[INPUT]]
    np.testing.assert_array_equal(np.stack(found), RECORDED["out.0"])


@pytest.mark.parametrize("target", ["x86_64", "arm64", "armv7", "baremetal"])
def test_the_library_gives_the_recorded_stream(target: str, tmp_path: Path) -> None:
    libraries = compile_and_build(CONFIG, load_target(target), "zig", tmp_path / "products")
    session = prepare(libraries, "zig", tmp_path / "runner")
    (errors,) = verify(session, RECORDED, RECORDED, Verify()).values()
    assert [error.outside for error in errors] == [0]
