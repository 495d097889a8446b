"""The passes change the graph, never its results: every recorded model, before and after."""

import json
from pathlib import Path

import numpy as np
import pytest
from mgecc.frontends.mge.importer import import_mge
from mgecc.graph import CompileError, Graph
from mgecc.interpret import run
from mgecc.passes import optimize
from mgecc.passes.pipeline import PASSES

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
NETWORKS = CORPUS.with_name("networks")
CASES = [
    {**case, "folder": folder}
    for folder in (CORPUS, NETWORKS)
    for case in json.loads((folder / "manifest.json").read_text())
    if (folder / f"{case['name']}.npz").exists()
]


def load(name: str, folder: Path = CORPUS) -> Graph:
    return import_mge((folder / f"{name}.mge").read_bytes(), f"{name}.mge")


def recorded(name: str, folder: Path = CORPUS) -> dict[str, np.ndarray]:
    with np.load(folder / f"{name}.npz") as arrays:
        return {key: arrays[key] for key in arrays.files}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_optimised_graph_gives_the_recorded_outputs(case: dict) -> None:
    arrays = recorded(case["name"], case["folder"])
    try:
        graph = load(case["name"], case["folder"])
    except CompileError as error:
        pytest.skip(f"not imported: {error.problems[0].why}")
    if not any(key.startswith("out.") for key in arrays):
        pytest.skip("a file of constants: nothing to compute")
    optimize(graph)
    results = run(graph, {key[3:]: array for key, array in arrays.items() if key.startswith("in.")})
    for k, got in enumerate(results):
        want = arrays[f"out.{k}"]
        if want.dtype.kind == "f":
            np.testing.assert_allclose(got, want, case["rtol"], case["atol"])
        else:
            np.testing.assert_array_equal(got, want)


def test_every_pass_leaves_a_graph_in_topological_order() -> None:
    def check(name: str, graph: Graph) -> None:
        known = set(graph.inputs)
        for node in graph.nodes:
            missing = [v for v in node.inputs if not v.is_const and v not in known]
            assert missing == [], f"after {name}: {node}"
            known.update(node.outputs)

    for model in (
        "net_mobilenet_unoptimised",
        "net_resnet",
        "net_transformer",
        "layout_nchw44",
        "net_shufflenet",
    ):
        optimize(load(model), check)


def test_a_network_of_convolutions_becomes_convolutions_only() -> None:
    graph = optimize(load("net_mobilenet_unoptimised"))
    assert {node.op for node in graph.nodes} == {"ConvBias", "Pooling", "Reshape", "MatrixMul"}


_STORED = [
    case for case in CASES if any(word in case["name"] for word in ("nchw4", "nchw88", "nchw32", "chwn4"))
]


@pytest.mark.parametrize("case", _STORED, ids=[case["name"] for case in _STORED])
def test_stored_layouts_are_read_back_completely(case: dict) -> None:
    left = {node.op for node in optimize(load(case["name"], case["folder"])).nodes}
    assert not left & {"Dimshuffle", "RelayoutFormat", "Padding", "Subtensor"}


def test_names_of_passes_are_unique() -> None:
    names = [one.name for one in PASSES]
    assert len(set(names)) == len(names)
