"""Inputs in forms of the application's: equal numbers for all channels are one number."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc.graph import Diagnostics, DType, Graph, Node, TensorType, Value
from mgecc.graph.attributes import NoAttrs
from mgecc.interpret import run
from mgecc.ops.type_cvt import TypeCvtAttrs
from mgecc.passes import optimize
from mgecc.passes.build import node_like
from mgecc.passes.convert_inputs import InputForm
from mgecc.passes.convert_inputs import run as convert


@pytest.mark.parametrize(
    ("numbers", "is_table"), [((255.0,) * 3, True), ((255.0,), True), ((255.0, 255.0, 250.0), False)]
)
def test_equal_deviations_make_one_table(numbers: tuple[float, ...], is_table: bool) -> None:
    x = Value("x", TensorType((1, 3, 4, 16), DType("float32")))
    start = Node("start", "start", NoAttrs(), [])
    cast = node_like(start, "TypeCvt", TypeCvtAttrs(DType("qint8", 1 / 127)), [x], "cast")
    graph = Graph("g", [x], [cast], [("y", cast.output)])
    convert(graph, {"x": InputForm(dtype=DType("uint8"), std=numbers)}, Diagnostics("model.mge"))
    stored = np.arange(192, dtype=np.uint8).reshape(1, 3, 4, 16)
    (want,) = run(graph, {"x": stored})
    optimize(graph)
    assert ([node.op for node in graph.nodes] == ["Lookup8"]) == is_table
    np.testing.assert_array_equal(run(graph, {"x": stored})[0], want)
