"""One lowering: what mgecc opt shows is what is planned, and the model file is read and imported once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from mgecc import compiler, frontends, lowering
from mgecc.config import load_config
from mgecc.graph import Graph
from mgecc.graph.text import graph_lines
from mgecc.targets import load_target
from mgecc.toolrun.graphs import lower_graphs, read_graph
from mgecc.toolrun.operators import operator_graph, plan_operator
from mgecc.toolrun.products import read_config

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
CAMERA = "inputs: {data: {shape: [n, 1, h, w], dtype: uint8, layout: NHWC, mean: [127.5], std: [127.5]}}"
SIZES = "sizes: {n: 1..2, h: 8..32 step 4, w: 8..24 step 4}"
SETS = "input_shapes: [{data: [1, 1, 16, 16]}, {data: [1, 1, 8, 24]}]"
HALVES = "options: {enable_ioc16: true}"


def written(folder: Path, model: str, *lines: str) -> Path:
    shutil.copy(CORPUS / f"{model}.mge", folder)
    path = folder / "model.yaml"
    path.write_text("\n".join([f"model: {model}.mge", *lines, ""]))
    return path


def count(patch: pytest.MonkeyPatch, module: Any, name: str) -> list[tuple[Any, ...]]:
    """The arguments of calls from now on."""
    calls: list[tuple[Any, ...]] = []
    called: Callable[..., Any] = getattr(module, name)

    def note(*args: Any) -> Any:
        calls.append(args)
        return called(*args)

    patch.setattr(module, name, note)
    return calls


def planned(path: Path, target: str, patch: pytest.MonkeyPatch) -> list[list[str]]:
    """The graphs that the planner gets, as text."""
    texts: list[list[str]] = []
    choose = compiler.choose

    def note(graph: Graph, *args: Any) -> Any:
        texts.append(list(graph_lines(graph)))
        return choose(graph, *args)

    patch.setattr(compiler, "choose", note)
    compiler.compile_model(load_config(path), target)
    return texts


@pytest.mark.parametrize("target", ["arm64+fp16", "x86_64", "arm64v7"])
@pytest.mark.parametrize(
    "lines",
    [
        (CAMERA, SIZES, HALVES),
        (SETS,),
        (SETS, HALVES, "optimize: memory"),
        ("options: {enable_compress_fp16: true}",),
    ],
    ids=["camera", "sets", "halves", "compressed"],
)
def test_the_graph_that_opt_shows_is_planned(
    lines: tuple[str, ...], target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "net_unet", *lines)
    shown: dict[tuple[str, str], list[str]] = {}

    def observe(case: str, _name: str, on: str, graph: Graph) -> None:
        shown[case, on] = list(graph_lines(graph))

    graphs = lower_graphs(read_config(path), load_target(target), observe)
    want = planned(path, target, monkeypatch)
    assert [list(graph_lines(graph)) for graph in graphs] == want
    members = len(load_target(target).members) or 1
    assert len(want) == members * (2 if SETS in lines else 1)
    assert list(map(list, shown.values()))[-1] == want[-1] and all(text in shown.values() for text in want)


def test_a_model_is_read_and_imported_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "net_unet", SETS, "ram: 5K")
    files, models = count(monkeypatch, lowering, "read_bounded"), count(monkeypatch, frontends, "survey")
    plans = count(monkeypatch, compiler, "plan_imported")
    with pytest.raises(compiler.CompileError, match="the arena takes"):
        compiler.compile_model(load_config(path), "arm64v7")
    assert (len(files), len(models), len(plans)) == (1, 2, 3)


def test_what_is_planned_again_is_not_what_was_changed(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, "net_mobilenet", "ram: 24K"))
    forced = compiler.build_programs(config, load_target("arm64"))
    asked = compiler.build_programs(replace(config, optimize="memory"), load_target("arm64"))
    fast = compiler.build_programs(replace(config, ram=None), load_target("arm64"))
    assert forced == asked and fast[0].arena > 24 << 10


def test_a_copy_of_a_graph_has_nothing_in_common_that_passes_change(tmp_path: Path) -> None:
    graph = read_graph(read_config(written(tmp_path, "net_unet")))
    text, copy = list(graph_lines(graph)), graph.copy()
    assert list(graph_lines(copy)) == text
    assert not {id(node) for node in graph.nodes} & {id(node) for node in copy.nodes}
    assert not set(graph.values()) & set(copy.values())
    assert all(node in copy.nodes for value in copy.values() if (node := value.producer))
    for node in copy.nodes:
        node.name = "changed"
        node.inputs.clear()
    assert list(graph_lines(graph)) == text


def test_an_operator_is_lowered_as_models_are() -> None:
    graph = operator_graph("Elemwise", ["4,32:float16", "4,32:float16"], ["mode=add"])
    (halves,) = plan_operator(graph.copy(), load_target("arm64+fp16"))
    members = plan_operator(graph, load_target("arm64v7"))
    assert "f16" in halves.calls[0].kernel.symbol
    assert [program.target for program in members] == ["arm64", "armv7"]


def test_the_digest_in_the_report_is_of_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "pooling")
    digest = sha256((tmp_path / "pooling.mge").read_bytes()).hexdigest()
    lower = compiler.lower

    def edit(*args: Any) -> Any:
        (tmp_path / "pooling.mge").write_bytes(b"another file")
        return lower(*args)

    monkeypatch.setattr(compiler, "lower", edit)
    report = json.loads(compiler.compile_model(load_config(path), "arm64").files["report.json"])
    assert report["file"] == {"name": "pooling.mge", "sha256": digest}
