"""Compiling takes work in proportion to a model's nodes: nothing walks over the whole graph for each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from long_models import SHAPES, long_model
from mgecc.compiler import compile_model
from mgecc.config.model import ModelConfig
from mgecc.graph import Graph

WALKS = ("users", "replace", "replace_all", "sweep", "values", "sort")


def walks(folder: Path, shape: str, nodes: int, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each method of ``Graph`` that looks at every node is called while a model is compiled."""
    path, count = folder / "long.mge", Counter[str]()
    path.write_bytes(long_model(shape, nodes))
    with monkeypatch.context() as patch:
        for name in WALKS:
            patch.setattr(Graph, name, _counted(getattr(Graph, name), count))
        compile_model(ModelConfig(path, "long", path), "x86_64")
    return count


def _counted(walk: Callable[..., Any], count: Counter[str]) -> Callable[..., Any]:
    def counted(*arguments: Any) -> Any:
        count[walk.__name__] += 1
        return walk(*arguments)

    return counted


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_no_step_walks_over_the_graph_for_each_node(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = (walks(tmp_path, shape, nodes, monkeypatch) for nodes in (24, 72))
    assert few["users"] and many == few
