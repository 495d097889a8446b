"""Importing folds what is known, keeps what the user calls things, and reports all problems at once."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mgecc import interpret
from mgecc.frontends.mge import DTypeInfo, MgeError, Model, Record, StoredTensor, ValueInfo, importer
from mgecc.frontends.mge.importer import import_mge
from mgecc.graph import CompileError, Graph

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
FLOAT, INT = DTypeInfo("float32"), DTypeInfo("int32")


def corpus(name: str, shapes: dict[str, tuple[int, ...]] | None = None) -> Graph:
    return import_mge((CORPUS / f"{name}.mge").read_bytes(), f"{name}.mge", shapes)


class Writer:
    """Makes a model record by record; every method returns the number of its (first) value."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.values: dict[int, ValueInfo] = {}
        self.constants: dict[int, StoredTensor] = {}

    def record(self, type_: str, inputs: tuple[int, ...] = (), outputs: int = 1, **more: Any) -> int:
        first = len(self.values)
        numbers = tuple(range(first, first + outputs))
        self.values.update((n, more.get("info", ValueInfo(f"v{n}"))) for n in numbers)
        tensors = more.get("tensors", ())
        self.records.append(
            Record(
                len(self.records), type_, 1, more.get("name", ""), None, more.get("params", {}), inputs, numbers,
                None, tensors, (), 0, 100 + first, True,
            )
        )  # fmt: skip
        return first

    def input(self, name: str, *shape: int, dtype: DTypeInfo = FLOAT) -> int:
        tensor = StoredTensor(name, shape, dtype, None, None, 0)
        return self.record("Host2DeviceCopy", tensors=(tensor,))

    def constant(self, array: Any, dtype: DTypeInfo = INT) -> int:
        data = np.atleast_1d(np.array(array, {"int32": "<i4", "float32": "<f4"}[dtype.name]))
        tensor = StoredTensor("", data.shape, dtype, memoryview(data.tobytes()), None, 0)
        number = self.record("ImmutableTensor", tensors=(tensor,))
        self.constants[number] = tensor
        return number

    def model(self, *outputs: int) -> Model:
        return Model(
            "FBS_V2",
            "1.13.0",
            tuple(self.records),
            self.values,
            self.constants,
            outputs,
            ("",) * len(outputs),
        )


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    made = Writer()
    monkeypatch.setattr(importer, "read_mge", lambda data: made.model(*data))
    return made


def graph_of(outputs: list[int], **shapes: tuple[int, ...]) -> Graph:
    return import_mge(outputs, "hand.mge", shapes)  # type: ignore[arg-type]


def problems_of(outputs: list[int], **shapes: tuple[int, ...]) -> list[str]:
    with pytest.raises(CompileError) as caught:
        graph_of(outputs, **shapes)
    return [str(problem) for problem in caught.value.problems]


SHAPE_OPERATORS = {"GetVarShape", "Linspace", "Alloc"}


@pytest.mark.parametrize("name", ["dynamic_reshape", "net_transformer", "net_vit", "deconv_output_padding"])
def test_shape_arithmetic_leaves_no_nodes(name: str) -> None:
    graph = corpus(name)
    assert not SHAPE_OPERATORS & {node.op for node in graph.nodes}
    assert all(node.inputs and not all(v.is_const for v in node.inputs) for node in graph.nodes)
    assert all(v.is_const for node in graph.nodes if node.op == "Reshape" for v in node.inputs[1:])


def test_nodes_are_called_as_in_the_file() -> None:
    graph = corpus("names_kept")
    assert [node.name for node in graph.nodes if node.op == "Convolution"] != []
    assert all("#" not in node.name for node in graph.nodes)
    assert all(node.origin.startswith("record ") and " at byte " in node.origin for node in graph.nodes)


def test_nodes_of_stripped_files_get_a_number() -> None:
    names = [node.name for node in corpus("names_stripped_fbs").nodes]
    assert len(set(names)) == len(names)
    assert all(names)


def test_unused_inputs_stay_and_keep_their_order(writer: Writer) -> None:
    writer.input("first", 2)
    b = writer.input("second", 3)
    writer.input("third", 4)
    assert [v.name for v in graph_of([writer.record("Copy", (b,))]).inputs] == ["first", "second", "third"]


def test_an_output_may_be_an_input_or_a_constant(writer: Writer) -> None:
    x, c = writer.input("x", 2), writer.constant([7, 8])
    graph = graph_of([x, c])
    results = interpret.run(graph, {"x": np.array([1, 2], np.float32)})
    assert [r.tolist() for r in results] == [[1, 2], [7, 8]]
    assert graph.nodes == []


def test_given_shapes_replace_the_declared_ones() -> None:
    graph = corpus("dynamic_reshape", {"x": (5, 3, 4, 6)})
    assert graph.inputs[0].shape == (5, 3, 4, 6)
    assert graph.outputs[0][1].shape == (30, 24)
    assert graph.outputs[1][1].shape == (5, 72)


def test_shapes_for_unknown_inputs_are_refused(writer: Writer) -> None:
    x = writer.input("x", 2)
    (problem,) = problems_of([x], y=(3,))
    assert "no such input" in problem and "x" in problem


@pytest.mark.parametrize("shape", [(0,), (-1, 2), (1,) * 8])
def test_impossible_shapes_are_refused(writer: Writer, shape: tuple[int, ...]) -> None:
    (problem,) = problems_of([writer.input("x", 2)], x=shape)
    assert "cannot have the shape" in problem


def test_all_problems_are_reported_and_what_follows_from_them_is_not(writer: Writer) -> None:
    x = writer.input("x", 2, 3)
    bad = writer.record("UniformRNGV1", (x,), name="noise")
    after = writer.record("Copy", (bad,), name="after")
    shape = writer.constant([7])
    other = writer.record("ReshapeV1", (x, shape), params={"axis": 7}, name="wrong")
    problems = problems_of([after, other])
    assert [p.split(" ")[0] for p in problems] == ["noise", "wrong"]
    assert "random" in problems[0] and "6 elements cannot have the shape [7]" in problems[1]


def test_unknown_operators_name_the_nearest(writer: Writer) -> None:
    x = writer.input("x", 2)
    (problem,) = problems_of([writer.record("Elemwize", (x,), name="act")])
    assert "Elemwize is not supported" in problem and "Elemwise" in problem and "act" in problem


def test_records_that_no_output_needs_cannot_fail(writer: Writer) -> None:
    x = writer.input("x", 2)
    writer.record("ExternCOprRunner", (x,))
    graph = graph_of([writer.record("Copy", (x,))])
    assert [node.op for node in graph.nodes] == ["Copy"]


def test_a_shape_computed_from_data_is_refused_with_its_source(writer: Writer) -> None:
    x, n = writer.input("x", 6), writer.input("n", 2, dtype=INT)
    twice = writer.record("Elemwise", (n, n), params={"mode": "ADD"}, name="twice")
    bad = writer.record("ReshapeV1", (x, twice), params={"axis": 7}, name="flat")
    direct = writer.record("ReshapeV1", (x, n), params={"axis": 7}, name="direct")
    first, second = problems_of([bad, direct])
    assert "flat" in first and "computed by twice (Elemwise)" in first
    assert "the model input n" in second


def test_a_shape_other_than_the_file_states_is_refused(writer: Writer) -> None:
    x = writer.input("x", 2, 3)
    y = writer.record("Copy", (x,), info=ValueInfo("y", (3, 2)))
    (problem,) = problems_of([y])
    assert "[2, 3]" in problem and "[3, 2]" in problem
    assert graph_of([y], x=(4, 3)).outputs[0][1].shape == (4, 3)


def test_huge_constants_are_not_computed(writer: Writer) -> None:
    one, shape = writer.constant([1.0], FLOAT), writer.constant([1 << 14, 1 << 14])
    (problem,) = problems_of([writer.record("Broadcast", (one, shape), name="huge")])
    assert "huge" in problem and "too large" in problem


def test_many_large_constants_are_not_computed(writer: Writer) -> None:
    one, shape = writer.constant([1.0], FLOAT), writer.constant([1 << 13, 1 << 12])
    made = [writer.record("Broadcast", (one, shape), name=f"large{k}") for k in range(9)]
    problems = problems_of(made)
    assert [p.split(" ")[0] for p in problems] == ["large8"]


def test_results_of_varying_size_are_marked_and_not_folded(writer: Writer) -> None:
    x = writer.input("x", 4)
    taken = writer.record("CondTake", (x, x), 2, params={"mode": "GT", "val": 0.0, "eps": 1e-6})
    size = writer.record("GetVarShapeV1", (taken,), params={"axis": 7})
    graph = graph_of([taken, size])
    assert [node.varies for node in graph.nodes] == [True, False]
    values, count = interpret.run(graph, {"x": np.array([1, -1, 2, -2], np.float32)})
    assert (values.tolist(), count.tolist()) == ([1, 2], [2])
    assert graph.outputs[0][1].shape == (4,)


def test_two_inputs_of_one_name_are_refused(writer: Writer) -> None:
    x = writer.input("x", 2)
    writer.input("x", 2)
    (problem,) = problems_of([x])
    assert "two inputs are called x" in problem


def test_a_record_with_missing_inputs_is_a_problem_not_a_crash(writer: Writer) -> None:
    (problem,) = problems_of([writer.record("Elemwise", (), params={"mode": "ADD"}, name="lonely")])
    assert "lonely" in problem


SMALL = sorted(p for p in CORPUS.glob("*.mge") if p.stat().st_size < 2500)


@pytest.mark.parametrize("seed", range(8))
def test_damaged_files_give_errors_and_nothing_else(seed: int) -> None:
    rng = random.Random(seed)
    imported = 0
    for _ in range(60):
        data = bytearray(rng.choice(SMALL).read_bytes())
        for _ in range(rng.choice([1, 2, 8])):
            data[rng.randrange(len(data))] = rng.choice([0, 1, 2, 7, 128, 255])
        try:
            import_mge(bytes(data), "damaged.mge")
            imported += 1
        except (MgeError, CompileError) as error:
            assert str(error)
    assert imported < 60
