"""The order of the passes.

Most are rewrites that know the graph alone. Some do what a configuration asks for, or find problems to report; those
behind ``for_target`` ask what the target's kernels can do. A graph for several targets goes through the others once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mgecc.graph import Diagnostics, Graph
from mgecc.graph.symbolic import lenient
from mgecc.passes import (
    apply_space_to_depth,
    carry_valid_counts,
    compress_weights,
    convert_inputs,
    convert_to_half,
    decompose_pools,
    densify_masked_work,
    drop_dead_channels,
    drop_padding_channels,
    drop_training_outputs,
    expand_channel_multiplier,
    fold_input_affine,
    fold_padding,
    fuse_dequantised,
    fuse_elementwise,
    fuse_epilogues,
    fuse_quantised,
    gather_one_hot_products,
    insert_half_conversions,
    lower_attention,
    lower_computed_weights,
    lower_layouts,
    materialise_size_values,
    recognise_activations,
    recognise_global_pool,
    report_dump_defects,
    simplify_graph,
    sink_transposes,
    split_compound_nodes,
    split_transposed_conv,
    threshold_activations,
    widen_interface,
)


@dataclass(frozen=True)
class Options:
    """What a configuration and a target say to the passes.

    ``goal``: as ``optimize`` of configurations; with "memory", passes that need more of it are left out. ``forms``: of
    inputs, by name. ``native``: whether the target's kernels compute a float16 node in halves. ``halves``: values and
    weights become halves. ``half_weights``: weights do.
    """

    goal: str = "speed"
    forms: Mapping[str, convert_inputs.InputForm] = field(default_factory=dict)
    native: insert_half_conversions.Native = insert_half_conversions.nowhere
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


def _materialise_size_values(graph: Graph, _options: Options, _problems: Diagnostics) -> None:
    materialise_size_values.run(graph)
    graph.sweep()


def _insert_half_conversions(graph: Graph, options: Options, _problems: Diagnostics) -> None:
    with lenient():
        insert_half_conversions.run(graph, options.native)


def _convert_to_half(graph: Graph, options: Options, _problems: Diagnostics) -> None:
    if options.halves:
        convert_to_half.run(graph, options.native)


def _compress_weights(graph: Graph, options: Options, _problems: Diagnostics) -> None:
    if options.half_weights:
        compress_weights.run(graph)


_AS_CONFIGURED = (
    Pass("report-dump-defects", lambda graph, _, problems: report_dump_defects.run(graph, problems)),
    Pass(
        "convert-inputs", lambda graph, options, problems: convert_inputs.run(graph, options.forms, problems)
    ),
    Pass("materialise-size-values", _materialise_size_values),
)
_FOR_ALL_TARGETS = (
    _rewrite("fuse-dequantised", fuse_dequantised.run),
    _rewrite("lower-layouts", lower_layouts.run),
    _rewrite("lower-computed-weights", lower_computed_weights.run),
    _rewrite("simplify-graph", simplify_graph.run),
    _rewrite("densify-masked-work", densify_masked_work.run),
    _rewrite("sink-transposes", sink_transposes.run),
    _rewrite("simplify-transposes", simplify_graph.run),
    _rewrite("drop-padding-channels", drop_padding_channels.run),
    _rewrite("recognise-global-pool", recognise_global_pool.run),
    _rewrite("decompose-pools", decompose_pools.run),
    _rewrite("lower-attention", lower_attention.run),
    _rewrite("gather-one-hot-products", gather_one_hot_products.run),
    _rewrite("split-compound-nodes", split_compound_nodes.run),
    _rewrite("fold-padding", fold_padding.run),
    _rewrite("recognise-activations", recognise_activations.run),
    _rewrite("split-transposed-conv", split_transposed_conv.run, spends=True),
    _rewrite("expand-channel-multiplier", expand_channel_multiplier.run, spends=True),
    _rewrite("threshold-activations", threshold_activations.run),
    _rewrite("fuse-quantised", fuse_quantised.run),
    _rewrite("fuse-epilogues", fuse_epilogues.run),
    _rewrite("drop-dead-channels", drop_dead_channels.run),
    _rewrite("fold-input-affine", fold_input_affine.run),
    _rewrite("apply-space-to-depth", apply_space_to_depth.run, spends=True),
    _rewrite("simplify-graph-again", simplify_graph.run),
)
_FOR_ONE_TARGET = (
    Pass("insert-half-conversions", _insert_half_conversions),
    _rewrite("fuse-elementwise", fuse_elementwise.run),
    _rewrite("drop-training-outputs", drop_training_outputs.run),
)
_AT_LAST = (
    Pass("convert-to-half", _convert_to_half),
    Pass("compress-weights", _compress_weights),
    Pass("carry-valid-counts", lambda graph, _, problems: carry_valid_counts.carry(graph, problems)),
    Pass("widen-interface", lambda graph, _, __: widen_interface.run(graph)),
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
