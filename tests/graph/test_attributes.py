"""Attributes state what they hold, and messages what differs from the usual."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import pytest
from mgecc.graph import Attributes, DType, Graph, Node, Range, TensorType, Unsupported, Value
from mgecc.graph.attributes import Stated, check, mapped, named
from mgecc.graph.diagnostics import parameters
from mgecc.graph.text import graph_lines


@dataclass(frozen=True)
class Attrs(Attributes):
    stride: tuple[Annotated[int, Range(1, 9)], ...] = (1, 1)
    pad: tuple[tuple[Annotated[int, Range(0, 9)], ...], ...] = ((0, 0),)
    eps: Annotated[float, Range(0.0, 7.0)] | None = None
    mode: Literal["max", "average"] = "max"
    dtype: DType | None = None


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ({"stride": (1, 0)}, r"its parameter stride is \(1, 0\), numbers from 1 to 9 are served"),
        ({"pad": ((0, 0), (3, 10))}, r"its parameter pad is .*, numbers from 0 to 9 are served"),
        ({"eps": 7.5}, "its parameter eps is 7.5, numbers from 0 to 7 are served"),
        ({"eps": -1.0}, "its parameter eps is -1.0, numbers from 0 to 7 are served"),
        ({"eps": float("inf")}, "its parameter eps is inf, numbers from 0 to 7 are served"),
        ({"eps": float("nan")}, "its parameter eps is nan, numbers from 0 to 7 are served"),
        ({"mode": "lowest"}, "its parameter mode is lowest, max, average are served"),
        ({"mode": 9999}, "its parameter mode is 9999, max, average are served"),
    ],
)
def test_what_a_field_does_not_allow_is_refused_by_name(stated: dict[str, Any], why: str) -> None:
    with pytest.raises(Unsupported, match=why) as caught:
        check(Attrs(**stated))
    assert caught.value.advice


@pytest.mark.parametrize(
    "stated", [{}, {"stride": (9, 1), "eps": 7.0}, {"pad": ()}, {"dtype": DType("int8")}]
)
def test_what_a_field_allows_passes(stated: dict[str, Any]) -> None:
    check(Attrs(**stated))


def test_attributes_are_read_by_name_and_mapped() -> None:
    attrs = Attrs(dtype=DType("int8"))
    assert named(attrs)["stride"] == (1, 1)
    assert named(replace(attrs, stride=(2, 3)))["stride"] == (2, 3) and named(attrs)["stride"] == (1, 1)
    wide = mapped(attrs, lambda v: DType("int32") if isinstance(v, DType) else v)
    assert type(wide) is type(attrs) and named(wide)["dtype"] == DType("int32")


def test_messages_show_what_differs_from_the_default() -> None:
    assert parameters(Attrs(stride=(2, 1), eps=0.5)) == " eps=0.5 stride=(2, 1)"
    assert parameters(Stated({"pad": 0, "stride_w": 1})) == " pad=0 stride_w=1"


def test_a_node_gives_its_attributes_by_their_class_alone() -> None:
    node = Node("Pooling", "pool", Attrs(mode="average"), [])
    assert node.attributes(Attrs).mode == "average"
    with pytest.raises(TypeError, match="<Pooling pool> has Attrs, not Other"):
        node.attributes(type("Other", (Attributes,), {}))
    with pytest.raises(TypeError, match="has dict, not Attrs"):
        Node("Pooling", "pool", {"mode": "MAX"}, []).attributes(Attrs)


def test_text_shows_attributes_and_what_varies() -> None:
    node = Node("Pooling", "pool", Attrs(), [], varies=True)
    node.outputs = [Value("y", TensorType((2,), DType("float32")), node)]
    graph = Graph("net", nodes=[node], outputs=[("y", node.output)])
    assert " mode=max pad=[[0,0]] stride=[1,1] varies=True" in "\n".join(graph_lines(graph))
