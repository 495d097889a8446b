"""The order of the passes.

Most are rewrites that know the graph alone. Some do what a configuration asks for, or find problems to report; those
behind ``for_target`` ask what the target's kernels can do. A graph for several targets goes through the others once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mgecc.graph import Diagnostics, Graph
from mgecc.graph.sizes import lenient
from mgecc.passes import (
    activations,
    affine,
    attention,
    chains,
    channels,
    compress,
    computed_weights,
    dump_defects,
    expand,
    extents,
    frames,
    fuse,
    global_pool,
    half,
    inputs,
    ioc16,
    masked,
    padding,
    phases,
    plain_layout,
    pools,
    quantised,
    repeats,
    reserves,
    simplify,
    sink,
    size_values,
    steps,
)


@dataclass(frozen=True)
class Options:
    """What a configuration and a target say to the passes.

    ``goal``: as ``optimize`` of configurations; with "memory", passes that need more of it are left out. ``forms``: of
    inputs, by name. ``native``: whether the target's kernels compute a float16 node in halves. ``halves``: values and
    weights become halves. ``half_weights``: weights do.
    """

    goal: str = "speed"
    forms: Mapping[str, inputs.InputForm] = field(default_factory=dict)
    native: half.Native = half.nowhere
    halves: bool = False
    half_weights: bool = False


Observe = Callable[[str, Graph], None]
Run = Callable[[Graph, Options, Diagnostics], None]


@dataclass(frozen=True)
class Pass:
    """``spends``: makes larger results on the way to faster ones."""

    name: str
    run: Run
    spends: bool = False


def _rewrite(name: str, run: Callable[[Graph], None], spends: bool = False) -> Pass:
    """A pass that leaves alone what it cannot decide for all declared sizes."""

    def leniently(graph: Graph, _options: Options, _problems: Diagnostics) -> None:
        with lenient():
            run(graph)

    return Pass(name, leniently, spends)


def _size_values(graph: Graph, _options: Options, _problems: Diagnostics) -> None:
    size_values.run(graph)
    graph.sweep()


def _half(graph: Graph, options: Options, _problems: Diagnostics) -> None:
    with lenient():
        half.run(graph, options.native)


def _ioc16(graph: Graph, options: Options, _problems: Diagnostics) -> None:
    if options.halves:
        ioc16.run(graph, options.native)


def _compress(graph: Graph, options: Options, _problems: Diagnostics) -> None:
    if options.half_weights:
        compress.run(graph)


_AS_CONFIGURED = (
    Pass("dump-defects", lambda graph, _, problems: dump_defects.run(graph, problems)),
    Pass("inputs", lambda graph, options, problems: inputs.run(graph, options.forms, problems)),
    Pass("size-values", _size_values),
)
_FOR_ALL_TARGETS = (
    _rewrite("plain-layout", plain_layout.run),
    _rewrite("computed-weights", computed_weights.run),
    _rewrite("simplify", simplify.run),
    _rewrite("masked", masked.run),
    _rewrite("sink", sink.run),
    _rewrite("simplify-moves", simplify.run),
    _rewrite("channels", channels.run),
    _rewrite("global-pool", global_pool.run),
    _rewrite("pools", pools.run),
    _rewrite("attention", attention.run),
    _rewrite("expand", expand.run),
    _rewrite("padding", padding.run),
    _rewrite("activations", activations.run),
    _rewrite("phases", phases.run, spends=True),
    _rewrite("repeats", repeats.run, spends=True),
    _rewrite("steps", steps.run),
    _rewrite("quantised", quantised.run),
    _rewrite("fuse", fuse.run),
    _rewrite("affine", affine.run),
    _rewrite("frames", frames.run, spends=True),
    _rewrite("simplify-again", simplify.run),
)
_FOR_ONE_TARGET = (
    Pass("half", _half),
    _rewrite("chains", chains.run),
    _rewrite("reserves", reserves.run),
)
_AT_LAST = (
    Pass("ioc16", _ioc16),
    Pass("compress", _compress),
    Pass("extents", lambda graph, _, problems: extents.carry(graph, problems)),
)
PASSES = (*_AS_CONFIGURED, *_FOR_ALL_TARGETS, *_FOR_ONE_TARGET, *_AT_LAST)


def _unobserved(_name: str, _graph: Graph) -> None:
    pass


def _run(
    passes: Sequence[Pass], graph: Graph, options: Options, problems: Diagnostics, observe: Observe
) -> None:
    for one in passes:
        if one.spends and options.goal == "memory":
            continue
        one.run(graph, options, problems)
        observe(one.name, graph)


def for_all_targets(
    graph: Graph, options: Options, problems: Diagnostics, observe: Observe = _unobserved
) -> None:
    """The passes whose result is the same for all targets; ``observe`` is called after each."""
    _run((*_AS_CONFIGURED, *_FOR_ALL_TARGETS), graph, options, problems, observe)


def for_target(graph: Graph, options: Options, problems: Diagnostics, observe: Observe = _unobserved) -> None:
    """The passes behind them, which ask what the target can do."""
    _run((*_FOR_ONE_TARGET, *_AT_LAST), graph, options, problems, observe)


def optimize(graph: Graph, observe: Observe = _unobserved, goal: str = "speed") -> Graph:
    """The rewrites alone, for graphs that have no configuration."""
    graph.sweep()
    _run((*_FOR_ALL_TARGETS, *_FOR_ONE_TARGET), graph, Options(goal), Diagnostics(graph.name), observe)
    return graph
