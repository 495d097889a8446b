"""Running a graph by hand: inputs are checked, results have the user's order."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc import interpret, ops
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.graph.types import FLOAT32, INT32
from mgecc.interpret import InterpretError


def node(op: str, attrs: dict, *inputs: Value) -> Node:
    made = Node(op, f"my_{op}", ops.attributes_of(op, {"output_dtype": None, **attrs}), list(inputs))
    made.outputs = [Value(f"{op}:{k}", t, made) for k, t in enumerate(ops.infer(made))]
    return made


@pytest.fixture
def graph() -> Graph:
    x = Value("x", TensorType((3,), FLOAT32))
    i = Value("i", TensorType((1,), INT32))
    double = node("Elemwise", {"mode": "add"}, x, x)
    pick = node("Subtensor", {"items": ((0, False, False, False, True),)}, double.output, i)
    return Graph("g", [x, i], [double, pick], [("picked", pick.output), ("x", x)])


X = np.array([1, 2, 3], np.float32)
I = np.array([2], np.int32)


def test_outputs_come_in_order(graph: Graph) -> None:
    picked, x = interpret.run(graph, {"x": X, "i": I})
    assert picked.tolist() == [6]
    assert x.tolist() == [1, 2, 3]


def test_scalars_are_taken_for_one_element(graph: Graph) -> None:
    assert interpret.run(graph, {"x": X, "i": np.array(1, np.int32)})[0].tolist() == [4]


def test_all_values_can_be_kept(graph: Graph) -> None:
    kept = interpret.run(graph, {"x": X, "i": I}, keep=True)
    assert kept[graph.nodes[0].output].tolist() == [2, 4, 6]
    assert set(kept) == set(graph.values())


@pytest.mark.parametrize(
    "inputs, why",
    [
        ({"x": X}, "the input i is missing"),
        ({"x": X[:2], "i": I}, r"x has shape \[2\], the model needs \[3\]"),
        ({"x": X.astype(np.float64), "i": I}, "x has type float64, the model needs float32"),
        ({"x": X, "i": np.array([5], np.int32)}, "my_Subtensor .*out of bounds"),
    ],
)
def test_wrong_inputs_are_named(graph: Graph, inputs: dict[str, np.ndarray], why: str) -> None:
    with pytest.raises(InterpretError, match=why):
        interpret.run(graph, inputs)


def test_values_are_freed_after_their_last_reader(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    import weakref

    alive: list[weakref.ref] = []
    evaluate = ops.evaluate

    def watching(which: Node, inputs: list[np.ndarray]) -> list[np.ndarray]:
        seen.append(sum(r() is not None for r in alive))
        results = evaluate(which, inputs)
        alive.extend(weakref.ref(r) for r in results)
        return results

    seen: list[int] = []
    x = graph.inputs[0]
    chain = [node("Elemwise", {"mode": "relu"}, x)]
    for _ in range(5):
        chain.append(node("Elemwise", {"mode": "negate"}, chain[-1].output))
    monkeypatch.setattr(interpret.ops, "evaluate", watching)
    interpret.run(Graph("g", [x], chain, [("y", chain[-1].output)]), {"x": X})
    assert max(seen) == 1


def test_quantised_inputs_are_given_as_stored() -> None:
    x = Value("x", TensorType((2,), DType("qint8", 0.5)))
    real = node("TypeCvt", {"dtype": FLOAT32}, x)
    graph = Graph("g", [x], [real], [("y", real.output)])
    assert interpret.run(graph, {"x": np.array([-3, 4], np.int8)})[0].tolist() == [-1.5, 2.0]
