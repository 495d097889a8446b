"""Translation rules for TensorFlow Lite operators, a module for each family; they are found by themselves.

@rule("Elemwise", "ABS")
def absolute(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    return [t.elemwise("abs", node.operand(0))]

Images lie as (n, h, w, c); transposes around operators that want (n, c, h, w) are taken out by the passes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mgecc.frontends.rules import Rules
from mgecc.frontends.tensors import Tensor, TensorBuilder

from ..node import TfliteNode

Translate = Callable[[TfliteNode, TensorBuilder], Sequence[Tensor]]
RULES: Rules[Translate] = Rules(__name__)
rule = RULES.rule

__all__ = ["RULES", "Tensor", "TensorBuilder", "TfliteNode", "Translate", "rule"]
