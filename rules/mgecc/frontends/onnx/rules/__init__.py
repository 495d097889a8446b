"""Translation rules for ONNX operators, a module for each family; they are found by themselves.

A rule gets a node and a builder of tensors, and gives the results that the node has:

@rule("Elemwise", "Relu")
def relu(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.elemwise("relu", node.operand(0))]

Attributes and operands mean what they mean in opset 24, to which the reader brings every file. What the standard
defines as a function of other operators needs no rule: its body is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mgecc.frontends.rules import Rules
from mgecc.frontends.tensors import Tensor, TensorBuilder

from ..node import OnnxNode

Translate = Callable[[OnnxNode, TensorBuilder], Sequence[Tensor | None]]
RULES: Rules[Translate] = Rules(__name__)
rule = RULES.rule

__all__ = ["RULES", "OnnxNode", "Tensor", "TensorBuilder", "Translate", "rule"]
