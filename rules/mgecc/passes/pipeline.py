"""The order of the passes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mgecc.graph import Graph
from mgecc.graph.sizes import lenient
from mgecc.passes import (
    activations,
    affine,
    attention,
    chains,
    channels,
    computed_weights,
    expand,
    frames,
    fuse,
    global_pool,
    half,
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
    steps,
)

PASSES: tuple[tuple[str, Callable[[Graph], None]], ...] = (
    ("plain-layout", plain_layout.run),
    ("computed-weights", computed_weights.run),
    ("simplify", simplify.run),
    ("masked", masked.run),
    ("sink", sink.run),
    ("simplify-moves", simplify.run),
    ("channels", channels.run),
    ("global-pool", global_pool.run),
    ("pools", pools.run),
    ("attention", attention.run),
    ("expand", expand.run),
    ("padding", padding.run),
    ("activations", activations.run),
    ("phases", phases.run),
    ("repeats", repeats.run),
    ("steps", steps.run),
    ("quantised", quantised.run),
    ("fuse", fuse.run),
    ("affine", affine.run),
    ("frames", frames.run),
    ("simplify-again", simplify.run),
    ("half", half.run),
    ("chains", chains.run),
    ("reserves", reserves.run),
)


# What makes larger results on the way to faster ones.
_SPENDERS = frozenset({"phases", "repeats", "frames"})


def optimize(
    graph: Graph,
    observe: Callable[[str, Graph], None] | None = None,
    native: half.Native = half.nowhere,
    goal: str = "speed",
) -> Graph:
    """Run all passes; ``observe`` is called after each with its name and the graph.

    ``native``: whether the target's kernels compute a float16 node in halves. ``goal``: as ``optimize`` of
    configurations; with "memory", passes that need more of it are left out.
    """
    graph.sweep()
    for name, run in PASSES:
        if goal == "memory" and name in _SPENDERS:
            continue
        with lenient():
            (partial(half.run, native=native) if run is half.run else run)(graph)
        if observe is not None:
            observe(name, graph)
    return graph
