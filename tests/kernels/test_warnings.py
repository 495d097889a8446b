"""Kernels of recorded models compile without a warning on every target, by GCC and both Clangs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
from foreign import foreign_models
from mgecc.config import ModelConfig
from mgecc.graph import CompileError, Node, Unsupported, Value
from mgecc.kernels import Candidate, Kernel, candidates
from mgecc.kernels.render import header_text
from mgecc.lowering import import_sets, lower
from mgecc.targets import Target, ToolchainMissing, load_target, load_toolchain, target_names, target_options
from native import kernels_text

DATA = Path(__file__).parents[1] / "data"
# Of the kernels of one template; some are rendered in hundreds of ways.
_MOST = 16


def _targets() -> Iterator[tuple[str, str]]:
    """Every target that has one kernel set, with each of its features and processors."""
    for name in target_names():
        features, cpus = target_options(name)
        if not load_target(name).members:
            yield from ((name, cpu) for cpu in cpus or [""] if cpu != "native")
            yield from ((f"{name}+{feature}", "") for feature in features)


@cache
def _nodes(halves: bool, shared: Path) -> list[Node]:
    """Distinct nodes of all models; ``halves``: as a target that computes in halves has them."""
    target = load_target("arm64+fp16" if halves else "arm64")
    found: dict[object, Node] = {}
    models = [ModelConfig(path, path.stem, path) for path in sorted(DATA.glob("*/*.mge"))]
    for config in (*models, *foreign_models(shared)):
        try:
            (lowered,) = lower(import_sets(config)[0], config, [target])
        except CompileError:
            continue
        for node in lowered.graph.nodes:
            found.setdefault(
                (node.op, str(node.attrs), str([(v.type, v.is_const) for v in node.inputs])), node
            )
    return list(found.values())


def _candidates(node: Node, target: Target) -> list[Candidate]:
    try:
        return candidates(node, target)
    except Unsupported:
        return []


def _copy(node: Node) -> Node:
    """With values of its own, in plain layout."""
    values = {v: Value(v.name, v.type.with_block(1), const=v.const) for v in node.inputs}
    copy = Node(node.op, node.name, node.attrs, [values[v] for v in node.inputs], origin=node.origin)
    copy.outputs = [Value(v.name, v.type.with_block(1), copy) for v in node.outputs]
    return copy


def _built(node: Node, target: Target) -> Iterator[Kernel]:
    """The kernels of every candidate."""
    own = _copy(node)
    for found in _candidates(own, target):
        for v, block in zip((*own.inputs, *own.outputs), (*found.in_blocks, *found.out_blocks)):
            v.type = v.type.with_block(1 if v.is_const else block)
        for call in found.build(own):
            yield from call.kernels


def _few(kernels: Sequence[Kernel]) -> Iterator[Kernel]:
    by_template: dict[str, dict[str, Kernel]] = {}
    for kernel in kernels:
        by_template.setdefault(kernel.template, {}).setdefault(kernel.symbol, kernel)
    for named in by_template.values():
        every = list(named.values())
        yield from every[:: len(every) // _MOST + 1]


@cache
def _text(name: str, cpu: str, shared: Path) -> str:
    target = load_target(name, cpu)
    kernels = [kernel for node in _nodes(bool(target.half_lanes), shared) for kernel in _built(node, target)]
    few = list(_few(kernels))
    assert len({kernel.template for kernel in few}) >= 50
    return header_text(target.isa, target.facts) + kernels_text(few, target)


@pytest.mark.parametrize("toolchain", ["zig", "gcc", "clang"])
@pytest.mark.parametrize(("name", "cpu"), list(_targets()))
def test_kernels_compile_without_a_warning(
    name: str, cpu: str, toolchain: str, tmp_path: Path, shared_folder: Path
) -> None:
    try:
        tools = load_toolchain(toolchain, load_target(name, cpu))
    except ToolchainMissing as missing:
        pytest.skip(str(missing))
    source = tmp_path / "kernels.c"
    source.write_text(_text(name, cpu, shared_folder), encoding="utf-8")
    command = [arg for arg in tools.compile_args(source, "none.o") if arg != "-c"]
    done = subprocess.run(
        [*command, "-fsyntax-only"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr[:4000]) == (0, "")
