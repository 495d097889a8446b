"""Types that become one node, several, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mgecc.frontends.build import GraphBuilder
from mgecc.graph import DType, Value
from mgecc.ops.elemwise import ElemwiseAttrs
from mgecc.ops.shape_of import GetVarShapeAttrs
from mgecc.ops.shapes import ReshapeAttrs
from mgecc.ops.type_cvt import TypeCvtAttrs

from . import RULES


def _modes(**modes: str) -> None:
    for type_, mode in modes.items():
        RULES.add("Elemwise", [type_], _elemwise(mode))


def _elemwise(mode: str) -> Any:
    return lambda line, inputs, build: build.add("Elemwise", ElemwiseAttrs(mode), inputs)


_modes(Add="add", Sub="sub", Mul="mul", Relu="relu", Neg="negate")


@RULES.rule("Elemwise", "Swish")
def swish(line: Any, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    """x * sigmoid(x)."""
    (gate,) = build.add("Elemwise", ElemwiseAttrs("sigmoid"), inputs)
    return build.add("Elemwise", ElemwiseAttrs("mul"), [*inputs, gate])


@RULES.rule("Copy", "Same")
def same(line: Any, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    return inputs


@RULES.rule("TypeCvt", "Cast")
def cast(line: Any, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    return build.add("TypeCvt", TypeCvtAttrs(DType(line.attrs["to"])), inputs)


@RULES.rule("GetVarShape", "Shape")
def shape(line: Any, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    """int64, as other formats have shapes."""
    return build.add(
        "TypeCvt", TypeCvtAttrs(DType("int64")), build.add("GetVarShape", GetVarShapeAttrs(), inputs)
    )


@RULES.rule("Reshape", "Reshape")
def reshape(line: Any, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    return build.add("Reshape", ReshapeAttrs(), inputs)


@RULES.rule("Elemwise", "Broken")
def broken(line: Any, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    """A rule that makes a node before it finds out that it cannot go on."""
    build.add("Elemwise", ElemwiseAttrs("relu"), inputs)
    return [inputs[len(line.attrs["nothing"])]]
