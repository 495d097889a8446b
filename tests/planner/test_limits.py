"""Winograd's transformed weights and its scratch memory are taken only where flash and RAM allow."""

from __future__ import annotations

import gc
import sys
import weakref
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from mgecc import ops
from mgecc.compiler import _less, build_programs
from mgecc.config import load_config
from mgecc.graph import CompileError, Diagnostics, DType, Graph, Node, TensorType, Value
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.planner.limits import Goal, exceeded
from mgecc.planner.plan import plan
from mgecc.planner.program import Program
from mgecc.targets import load_target

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import models

CHANNELS = (16, 32, 64)
WEIGHTS = sum(a * b * 9 * 4 for a, b in pairwise(CHANNELS))


def network(size: int) -> Graph:
    """Two convolutions, the second with four times the weights of the first."""
    x = Value("x", TensorType((1, CHANNELS[0], size, size), DType("float32")))
    graph, rng = Graph("net", [x]), np.random.default_rng(1)
    for i, (ic, oc) in enumerate(pairwise(CHANNELS)):
        w = rng.normal(size=(oc, ic, 3, 3)).astype(np.float32)
        weights = Value(f"w{i}", TensorType(w.shape, DType("float32")), const=w)
        attrs = ConvBiasAttrs(padding=((1, 1), (1, 1)), activation=("relu",))
        node = Node("ConvBias", f"conv{i}", attrs, [x, weights])
        node.outputs = [Value(f"y{i}", t, node) for t in ops.infer(node)]
        graph.nodes.append(node)
        x = node.output
    graph.outputs = [("y", x)]
    return graph


def planned(goal: Goal, size: int = 24) -> Program:
    return plan(network(size), load_target("arm64"), goal, Diagnostics("net"))


def winograds(program: Program) -> int:
    return sum("winograd" in call.kernel.symbol for call in program.calls)


def test_speed_takes_winograd_for_both_layers() -> None:
    assert winograds(planned(Goal())) == 2


def test_size_takes_none() -> None:
    program = planned(Goal("size"))
    assert winograds(program) == 0 and len(program.weights) < 1.1 * WEIGHTS


@pytest.mark.parametrize("spare", [0, 60_000, 150_000, 400_000])
def test_weights_fit_the_flash_that_there_is(spare: int) -> None:
    program = planned(Goal(flash=WEIGHTS + spare))
    assert len(program.weights) <= WEIGHTS + spare + 1024


def test_code_counts_as_what_lies_in_flash() -> None:
    """Just as much as the larger weights leave no room for the code, so the smaller ones are taken."""
    sizes = [len(planned(Goal(flash=WEIGHTS + spare)).weights) for spare in range(0, 400_000, 4000)]
    for spare, size in zip(range(0, 400_000, 4000), sizes):
        assert size == sizes[0] or size + 1000 <= WEIGHTS + spare


def test_the_more_flash_the_larger_the_tiles() -> None:
    programs = [planned(Goal(flash=WEIGHTS + spare)) for spare in (0, 100_000, 250_000, 1_000_000)]
    bytes_ = [len(program.weights) for program in programs]
    assert [winograds(program) > 0 for program in programs] == [False, True, True, True]
    assert bytes_ == sorted(set(bytes_))


def test_memory_takes_only_scratch_that_does_not_raise_the_peak() -> None:
    assert planned(Goal("memory"), 10).arena == planned(Goal("size"), 10).arena


def test_speed_raises_the_peak_by_a_quarter_at_most() -> None:
    for size in (4, 7, 10, 24):
        assert planned(Goal(), size).arena <= 1.25 * planned(Goal("size"), size).arena


def test_ram_limits_scratch() -> None:
    least = planned(Goal("size")).arena
    assert planned(Goal(ram=least)).arena <= least


def test_limits_that_cannot_be_met_say_by_how_much() -> None:
    assert exceeded(Goal(flash=100, ram=100), 100, 100) == {}
    flash, ram = (
        "weights alone take 120 bytes, 20 more than `flash: 100`",
        "130 bytes, 30 more than `ram: 100`",
    )
    both = exceeded(Goal(flash=100, ram=100), 120, 130)
    assert flash in both["flash"] and ram in both["ram"]
    assert exceeded(Goal(ram=100), 120, 130) == {"ram": both["ram"]}


def test_a_small_ram_is_met_by_planning_for_memory(tmp_path: Path) -> None:
    folder = models.folder_of("tiny_vww", tmp_path)
    config, target = load_config(folder / "model.yaml"), load_target("arm64")
    fast, small = (build_programs(replace(config, optimize=goal), target)[0] for goal in ("speed", "memory"))
    assert small.arena < fast.arena
    (met,) = build_programs(replace(config, ram=small.arena), target)
    assert met.arena <= small.arena
    assert build_programs(replace(config, ram=fast.arena), target)[0].calls == fast.calls
    with pytest.raises(CompileError, match=r"the arena takes \d+ bytes, \d+ more than `ram: 30000`"):
        build_programs(replace(config, ram=30_000), target)


@pytest.mark.parametrize("over", [1, 100, 500])
def test_a_ram_that_cannot_be_met_is_planned_for_a_few_times(over: int) -> None:
    tried = [1000]
    while tried[-1]:
        tried.append(_less(tried[-1], over, 1000))
    assert len(tried) <= 4 and tried[-2] == 1


def test_a_ram_between_the_goals_costs_less_than_the_least_memory(tmp_path: Path) -> None:
    folder = models.folder_of("tiny_vww", tmp_path)
    config, target = load_config(folder / "model.yaml"), load_target("cortex-m4")
    fast, small = (build_programs(replace(config, optimize=goal), target)[0] for goal in ("speed", "memory"))
    (met,) = build_programs(replace(config, ram=(fast.arena + small.arena) // 2), target)
    assert met.arena <= (fast.arena + small.arena) // 2
    work = [sum(step.chosen.instructions for step in program.facts.steps) for program in (fast, met, small)]
    assert work[0] <= work[1] < work[2]


@pytest.mark.parametrize("goal", [Goal(flash=4 * WEIGHTS), Goal("size"), Goal("size", flash=4 * WEIGHTS)])
def test_a_graph_is_not_kept_once_it_is_planned(goal: Goal) -> None:
    graph = network(24)
    program, node = plan(graph, load_target("arm64"), goal, Diagnostics("net")), weakref.ref(graph.nodes[0])
    del graph
    gc.collect()
    assert program.calls and node() is None
