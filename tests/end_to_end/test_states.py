"""Memory that lives across runs: streams of consecutive runs give what feeding outputs back by hand does."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from mgecc import interpret
from mgecc.compiler import compile_model
from mgecc.config import ModelConfig
from mgecc.graph import CompileError, Unsupported
from mgecc.lowering import load_graph
from mgecc.planner import IOTensor, StatePlace
from mgecc.targets import load_target
from mgecc.toolrun.session import compile_and_build, prepare, run_cases
from mgecc.toolrun.sources import include_folder
from mgecc.toolrun.tensors import input_cases, output_arrays
from tflite_writer import TfliteFile

STEPS = 6
Shapes = dict[str, tuple[int, ...]]


@dataclass
class Stream:
    """A network with states; ``free``: results of it alone that are no states."""

    file: TfliteFile
    outputs: dict[str, int]
    state: dict[str, str]
    data: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def config(self, folder: Path, paired: bool = True) -> ModelConfig:
        self.file.sign({}, self.outputs)
        path = folder / "net.tflite"
        path.write_bytes(self.file.bytes(*self.outputs.values()))
        return ModelConfig(path, "net", path, state=self.state if paired else {})


def part(m: TfliteFile, x: int, begin: list[int], size: list[int]) -> int:
    return m.op("SLICE", [x, m.constant(np.array(begin)), m.constant(np.array(size))], m.tensor(size))


def add(m: TfliteFile, a: int, b: int, shape: list[int]) -> int:
    return m.op("ADD", [a, b], m.tensor(shape), options=("AddOptions", {}))


def window() -> Stream:
    """The last two of five frames are the first two of the next run, as in a streaming convolution."""
    m = TfliteFile()
    old, x = m.input("old", [1, 2, 4]), m.input("x", [1, 3, 4])
    frames = m.op(
        "CONCATENATION", [old, x], m.tensor([1, 5, 4]), options=("ConcatenationOptions", {"axis": 1})
    )
    flat = m.op("RESHAPE", [frames, m.constant(np.array([1, 20]))], m.tensor([1, 20]))
    w = m.constant(np.linspace(-1, 1, 60).reshape(3, 20))
    y = m.op("FULLY_CONNECTED", [flat, w], m.tensor([1, 3]), options=("FullyConnectedOptions", {}))
    return Stream(m, {"y": y, "new": part(m, frames, [0, 3, 0], [1, 2, 4])}, {"old": "new"}, {"x": (1, 3, 4)})


def total() -> Stream:
    """A running sum, and what is computed of the old one late."""
    m = TfliteFile()
    old, x = m.input("old", [1, 8]), m.input("x", [1, 8])
    new = add(m, old, x, [1, 8])
    y = m.op("EXP", [m.op("TANH", [new], m.tensor([1, 8]))], m.tensor([1, 8]))
    return Stream(m, {"y": add(m, y, old, [1, 8]), "new": new}, {"old": "new"}, {"x": (1, 8)})


def in_place() -> Stream:
    """The sum is read nowhere else."""
    m = TfliteFile()
    old, x = m.input("old", [1, 8]), m.input("x", [1, 8])
    new = add(m, old, x, [1, 8])
    return Stream(m, {"y": m.op("TANH", [x], m.tensor([1, 8])), "new": new}, {"old": "new"}, {"x": (1, 8)})


def delay() -> Stream:
    """Three runs ago: each state takes over another one."""
    m = TfliteFile()
    x, a, b, c = m.input("x", [1, 4]), m.input("a", [1, 4]), m.input("b", [1, 4]), m.input("c", [1, 4])
    outputs = {
        "a2": m.op("NEG", [x], m.tensor([1, 4])),
        "b2": m.op("RESHAPE", [a, m.constant(np.array([1, 4]))], m.tensor([1, 4])),
        "c2": m.op("RESHAPE", [b, m.constant(np.array([1, 4]))], m.tensor([1, 4])),
        "y": add(m, x, c, [1, 4]),
    }
    return Stream(m, outputs, {"a": "a2", "b": "b2", "c": "c2"}, {"x": (1, 4)})


def constant() -> Stream:
    """A state that never changes, and one that is the same numbers after every run."""
    m = TfliteFile()
    x, kept, fixed = m.input("x", [1, 4]), m.input("kept", [1, 4]), m.input("fixed", [1, 4])
    same = m.op("RESHAPE", [kept, m.constant(np.array([1, 4]))], m.tensor([1, 4]))
    y = add(m, add(m, x, kept, [1, 4]), fixed, [1, 4])
    outputs = {"y": y, "same": same, "numbers": m.constant(np.array([[1.0, 2, 3, 4]]))}
    return Stream(m, outputs, {"kept": "same", "fixed": "numbers"}, {"x": (1, 4)})


def exchange() -> Stream:
    """Not served: each takes over the other one."""
    m = TfliteFile()
    a, b = m.input("a", [1, 4]), m.input("b", [1, 4])
    outputs = {"y": add(m, a, b, [1, 4])}
    for name, x in (("a2", b), ("b2", a)):
        outputs[name] = m.op("RESHAPE", [x, m.constant(np.array([1, 4]))], m.tensor([1, 4]))
    return Stream(m, outputs, {"a": "a2", "b": "b2"})


STREAMS: list[Callable[[], Stream]] = [window, total, in_place, delay, constant]


def given(stream: Stream) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {
        f"in.{name}": rng.uniform(-1, 1, (STEPS, *shape)).astype(np.float32)
        for name, shape in stream.data.items()
    }


def fed_back(stream: Stream, folder: Path) -> list[np.ndarray]:
    """The results that are no states, stacked over the runs."""
    graph = load_graph(stream.config(folder, paired=False))
    shapes = {value.name: value.shape for value in graph.inputs}
    now = {name: np.zeros(shapes[name], np.float32) for name in stream.state}
    steps = []
    for k in range(STEPS):
        one = {name[3:]: stack[k] for name, stack in given(stream).items()}
        found = dict(zip(stream.outputs, interpret.run(graph, {**one, **now})))
        now = {name: found[output] for name, output in stream.state.items()}
        steps.append([found[name] for name in stream.outputs if name not in stream.state.values()])
    return [np.stack(results) for results in zip(*steps)]


@pytest.mark.parametrize("make", STREAMS)
def test_the_meaning_feeds_states_back(make: Callable[[], Stream], tmp_path: Path) -> None:
    stream = make()
    expected = fed_back(stream, tmp_path)
    graph = load_graph(stream.config(tmp_path))
    states = interpret.initial_states(graph)
    for k in range(STEPS):
        one = {name[3:]: stack[k] for name, stack in given(stream).items()}
        for found, want in zip(interpret.run(graph, one, states=states), expected, strict=True):
            np.testing.assert_array_equal(found, want[k])


@pytest.mark.parametrize("target", ["x86_64", "arm64v7", "baremetal"])
@pytest.mark.parametrize("goal", ["speed", "memory"])
@pytest.mark.parametrize("make", STREAMS)
def test_consecutive_runs_agree(make: Callable[[], Stream], goal: str, target: str, tmp_path: Path) -> None:
    stream = make()
    expected = fed_back(stream, tmp_path)
    config = replace(stream.config(tmp_path), optimize=goal)
    libraries = compile_and_build(config, load_target(target), "zig", tmp_path / "products")
    session = prepare(libraries, "zig", tmp_path / "runner")
    assert session.interface.has_states
    assert [tensor.name for tensor in session.interface.inputs] == list(stream.data)
    for runner in session.runners:
        results, _ = run_cases(session, runner, input_cases(given(stream), session.interface))
        for found, want in zip(output_arrays(results, session.interface), expected, strict=True):
            np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-6)


def test_states_that_exchange_their_contents_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="the states a, b exchange their contents"):
        compile_model(exchange().config(tmp_path), "x86_64")


@pytest.mark.parametrize(("make", "stores"), [(window, 1), (in_place, 0), (total, 1), (delay, 3)])
def test_new_contents_are_computed_in_place_where_nobody_reads_the_old_ones(
    make: Callable[[], Stream], stores: int, tmp_path: Path
) -> None:
    """A part of something larger is copied: all of that would live on else."""
    (program,) = compile_model(make().config(tmp_path), "x86_64").programs
    kept = {state.name for state in program.states}
    assert len([call for call in program.calls if call.layer in kept]) == stores


def test_memory_of_states_is_shared_with_nothing(tmp_path: Path) -> None:
    (program,) = compile_model(delay().config(tmp_path), "x86_64").programs
    kept = [_bytes(state) for state in program.states]
    others = [_bytes(tensor) for tensor in (*program.inputs, *program.outputs)]
    for k, own in enumerate(kept):
        assert not any(own & other for other in (*kept[k + 1 :], *others))


def _bytes(tensor: IOTensor | StatePlace) -> set[int]:
    return set(range(tensor.ref.offset, tensor.ref.offset + tensor.type.nbytes))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"nothing": "new"}, "the model has no such input; its inputs are old, x"),
        (
            {"old": "nothing"},
            "the model has no output nothing, or it is another state; its outputs are y, new",
        ),
        ({"x": "new"}, "it is float32[1, 3, 4], and the output new is float32[1, 2, 4]"),
        ({"old": "new", "x": "new"}, "the model has no output new, or it is another state"),
    ],
)
def test_pairs_that_do_not_fit_are_told(state: dict[str, str], said: str, tmp_path: Path) -> None:
    config = replace(window().config(tmp_path), state=state)
    with pytest.raises(CompileError) as caught:
        compile_model(config, "x86_64")
    assert said in str(caught.value)


MAIN = r"""
#include <stdio.h>
#include "net.h"
static MGECC_ALIGNED unsigned char arena[NET_ARENA_SIZE];
static mgecc_model m;
static void runs(int count)
{
    for (int k = 0; k < count; k++) {
        for (int i = 0; i < 8; i++)
            net_input_x(&m)[i] = 1;
        net_run(&m);
        printf("%g ", net_output_y(&m)[0]);
    }
}
int main(void)
{
    printf("%d ", net_reset(&m) == MGECC_E_ARGUMENT);
    for (int i = 0; i < NET_ARENA_SIZE; i++)
        arena[i] = 77;
    printf("%d %u ", net_open(&m, arena, sizeof arena), NET_STATE_BYTES);
    runs(3);
    printf("%d ", net_reset(&m));
    runs(2);
    return 0;
}
"""


def counter() -> Stream:
    """How many runs there were, times x."""
    m = TfliteFile()
    old, x = m.input("old", [1, 8]), m.input("x", [1, 8])
    new = add(m, old, x, [1, 8])
    return Stream(m, {"y": m.op("SQUARE", [new], m.tensor([1, 8])), "new": new}, {"old": "new"})


def test_opening_and_resetting_begin_anew(tmp_path: Path) -> None:
    library = compile_and_build(counter().config(tmp_path), load_target("x86_64"), "gcc", tmp_path / "p")[0]
    (tmp_path / "main.c").write_text(MAIN)
    includes = [f"-I{library.folder}", f"-I{include_folder()}"]
    command = ["gcc", "-std=c99", "-Wall", "-Werror", *includes, "main.c", str(library.archive), "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    said = subprocess.run(["./main"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert said.split() == ["1", "0", "32", "1", "4", "9", "0", "1", "4"]
