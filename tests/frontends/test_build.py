"""One builder serves every format: a front end of a few lines gets types, folding, names and problems from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mgecc import frontends, interpret
from mgecc.frontends.build import GraphBuilder, SourceNode
from mgecc.frontends.errors import ModelError
from mgecc.frontends.rules import Rules
from mgecc.graph import CompileError, DType, Graph, Unsupported
from mgecc.ops.elemwise import ElemwiseAttrs, mode_of

FORMATS = Path(__file__).parent / "formats"


@pytest.fixture(autouse=True)
def third_front_end() -> Iterator[None]:
    """A folder among the front ends, as if it lay there."""
    frontends.__path__.append(str(FORMATS))
    frontends._formats.cache_clear()
    yield
    frontends.__path__.remove(str(FORMATS))
    frontends._formats.cache_clear()


def survey(text: str, **shapes: tuple[int, ...]) -> tuple[Graph, list[str]]:
    lines = "\n".join(line.strip() for line in text.strip().splitlines())
    graph, problems = frontends.survey(f"tiny\n{lines}".encode(), "net.tiny", shapes)
    return graph, [str(problem) for problem in problems.problems]


def graph_of(text: str, **shapes: tuple[int, ...]) -> Graph:
    graph, problems = survey(text, **shapes)
    assert problems == []
    return graph


def constant_of(text: str) -> np.ndarray:
    """The numbers of y, which nothing but constants decides."""
    graph = graph_of(f"{text}\noutput y")
    assert graph.nodes == [] and graph.outputs[0][1].const is not None
    return graph.outputs[0][1].const


def test_a_front_end_is_found_by_its_folder_and_chosen_by_content() -> None:
    graph = graph_of("input x float32 2\ny = Relu x\noutput y")
    assert [(node.op, node.name, node.origin) for node in graph.nodes] == [("Elemwise", "y", "line 3")]
    found = frontends.types_of("Elemwise")
    assert "Elemwise" in found["mge"] and "Swish" in found["tiny"] and frontends.titles()["tiny"] == "lines"
    with pytest.raises(ModelError, match="not a plain MegEngine model"):
        frontends.survey(b"\1\2\3", "net.mge")


def test_a_rule_makes_several_nodes_or_none() -> None:
    graph = graph_of("input x float32 3\na = Swish x\ny = Same a\noutput y")
    assert [(mode_of(node), node.name, node.origin) for node in graph.nodes] == [
        ("sigmoid", "a", "line 3"),
        ("mul", "a", "line 3"),
    ]
    x = np.array([-1, 0, 2], np.float32)
    np.testing.assert_allclose(interpret.run(graph, {"x": x})[0], x / (1 + np.exp(-x)), rtol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "text", "want"),
    [
        ("int64", "const a int64 4294967297,3\nconst b int64 4294967296,1\ny = Sub a b", [1, 2]),
        (
            "uint64",
            "const a uint64 18446744073709551615\nconst b uint64 18446744073709551610\ny = Sub a b",
            [5],
        ),
        ("uint32", "const a uint32 4294967295\nconst b uint32 4294967290\ny = Sub a b", [5]),
        ("float64", "const a float64 1.0000000001\nconst b float64 1\ny = Sub a b", [np.float32(1e-10)]),
        ("int8", "const a int8 100\nconst b int8 -100\ny = Add a b", [0]),
        ("bool", "const a float32 0,2\ny = Cast a to=bool", [False, True]),
        ("int64", "const a float64 3000000000.7\nc = Cast a to=int64\nk = Neg c\ny = Add k c", [0]),
    ],
)
def test_constants_of_every_type_are_computed_in_it(dtype: str, text: str, want: list[float]) -> None:
    np.testing.assert_allclose(constant_of(text), want, rtol=1e-6)


def test_shape_arithmetic_in_64_bits_leaves_nothing() -> None:
    graph = graph_of(
        """input x float32 2,3
        s = Shape x
        const big int64 9223372036854775000
        up = Add s big
        back = Sub up big
        y = Reshape x back
        output y"""
    )
    assert [node.op for node in graph.nodes] == ["Reshape"]
    sizes = graph.nodes[0].inputs[1]
    assert str(sizes.type.dtype) == "int32" and sizes.const is not None and sizes.const.tolist() == [2, 3]
    assert graph_of("input x float32 2,3\ns = Shape x\noutput s", x=(4, 5)).outputs[0][1].const is not None


def test_what_a_node_reads_that_stays_is_narrow_and_shared() -> None:
    graph = graph_of(
        """input x int64 3
        const k int64 1,2,3
        a = Add x k
        y = Mul a k
        output y"""
    )
    assert {str(value.type.dtype) for value in graph.values()} == {"int32"}
    assert graph.nodes[0].inputs[1] is graph.nodes[1].inputs[1]


def test_wide_floats_are_rounded_and_casts_end_in_types_of_kernels() -> None:
    graph = graph_of(
        """input x float32 2
        w = Cast x to=float64
        const k float64 0.1,1e300
        m = Mul w k
        y = Cast m to=int64
        output y"""
    )
    assert [str(node.output.type.dtype) for node in graph.nodes] == ["float32", "float32", "int32"]
    factor = graph.nodes[1].inputs[1].const
    assert factor is not None and factor.tolist() == [float(np.float32(0.1)), np.inf]


def test_integers_that_do_not_fit_are_a_problem_where_they_are_read() -> None:
    _, problems = survey("input x int64 2\nconst k int64 1,2147483648\ny = Add x k\noutput y")
    (problem,) = problems
    assert problem.startswith("y (Elemwise mode=add, line 4): the constant k holds 2147483648, and int")


def test_all_problems_come_at_once_and_failed_nodes_leave_nothing() -> None:
    graph, problems = survey(
        """input x float32 2
        input x float32 3
        a = Nonsense x
        after = Relu a
        b = Broken x nothing=1
        c = Add x x x
        d = Ad x x
        good = Relu x
        output after
        output good"""
    )
    assert [problem.split(" ")[0] for problem in problems] == ["x", "a", "b", "c", "d"]
    assert "two inputs are called x" in problems[0]
    assert "see `mgecc ops`" in problems[1] and "(Nonsense, line 4)" in problems[1]
    assert "its parameters and inputs do not fit together" in problems[2]
    assert "the nearest supported operator is Add" in problems[4]
    assert [node.name for node in graph.nodes] == ["good"]


def test_operands_that_nothing_writes_get_the_advice_of_the_format() -> None:
    _, problems = survey("input x float32 2\nconst k int64 2\ny = Reshape x k k\noutput y")
    assert problems[0].endswith("it has 3 operands, not 2; write the file again")


def test_given_shapes_hold_and_unknown_ones_are_refused() -> None:
    assert graph_of("input x float32 2\ny = Relu x\noutput y", x=(7,)).outputs[0][1].shape == (7,)
    _, problems = survey("input x float32 2\noutput x", z=(7,))
    assert "z (input, given shapes): the model has no such input; its inputs are x" in problems


def test_what_a_reader_finds_inside_of_a_node_is_a_problem_of_it() -> None:
    with pytest.raises(CompileError, match=r"x \(frobnicate, line 2\): line 2 begins with frobnicate"):
        frontends.survey(b"tiny\nfrobnicate x", "net.tiny")[1].check()


def test_places_lie_inside_of_each_other() -> None:
    build = GraphBuilder("net")
    with build.at(SourceNode("If", "outer", "node 1")):
        x = build.input("x", (2,), DType("float32"))
        with build.at(SourceNode("Relu", "inner", "node 1, branch 1")):
            build.add("Elemwise", ElemwiseAttrs("relu"), [x])
        with build.at(SourceNode("Relu", "wrong", "node 1, branch 2")):
            build.add("Elemwise", ElemwiseAttrs("relu"), [x])
            build.add("Elemwise", ElemwiseAttrs("relu"), [x, x])
        build.add("Elemwise", ElemwiseAttrs("abs"), [x])
    assert [(node.name, node.origin) for node in build.graph.nodes] == [
        ("inner", "node 1, branch 1"),
        ("outer", "node 1"),
    ]
    assert [(problem.node, problem.origin) for problem in build.problems.problems] == [
        ("wrong", "node 1, branch 2")
    ]


def test_a_type_has_one_rule() -> None:
    rules = Rules("mgecc.frontends.mge.rules")
    rules.add("Elemwise", ["Add"], lambda node, inputs, build: inputs)
    with pytest.raises(ValueError, match="Add is read by two rules"):
        rules.rule("Elemwise", "Mul", "Add")(lambda node, inputs, build: inputs)
    assert rules.get("Subtract") is None
    with pytest.raises(Unsupported, match="Subtract is not supported"):
        rules.find("Subtract")
