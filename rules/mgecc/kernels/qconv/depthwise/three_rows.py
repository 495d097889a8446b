"""Depthwise quantised convolutions of 3 x 3 over a ring of three rows of inputs, for cores without vectors.

``dw_pairs`` and ``dw_swar`` say how a row lies in the ring and what is multiplied at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel
from mgecc.kernels.qconv.geometry import QConv, bias_of
from mgecc.kernels.qconv.packed import Instruction
from mgecc.targets import Target

ROWS = 3
_FIELDS = ("n", "blocks", "h", "w", "oh", "ow", "pt", "pl", "sh")


def is_served(conv: QConv) -> bool:
    """Windows of 3 x 3 without gaps, at most every second pixel of a row."""
    window = conv.geo.window
    return (
        window.kernel == (3, 3)
        and window.dilate == (1, 1)
        and window.stride[0] <= ROWS
        and window.stride[1] <= 2
    )


@dataclass(frozen=True)
class Form:
    """``name``: of the template and in the symbol. ``pack``: weights as the template has them. ``widths``: its last
    arguments by name, for a convolution. ``scratch``: bytes of the ring and of a row of sums."""

    instruction: Instruction
    name: str
    pack: Callable[[Node, QConv], np.ndarray]
    widths: Callable[[QConv], dict[str, int]]
    scratch: Callable[[QConv], int]

    def kernel(self, node: Node, conv: QConv, target: Target) -> Kernel:
        stride = conv.geo.window.stride[1]
        template, form = f"depthwise/dw_{self.name}.c.j2", f"depthwise_{self.name}_k3x3s{stride}_c4"
        fields, ring = (*_FIELDS, *self.widths(conv)), [("ring", "int32_t *")]
        return self.instruction.kernel(node, conv, target, template, form, {"sw": stride}, fields, ring)

    def build(self, conv: QConv, target: Target, node: Node) -> list[Call]:
        n, ic, h, w = conv.geo.x
        blocks, ((pt, _), (pl, _)) = -(-ic // 4), conv.geo.window.pad
        weights, bias = Const(partial(self.pack, node, conv)), Const(partial(bias_of, node, 0, blocks * 4))
        operands = self.instruction.operands(node, conv, weights, bias, self.scratch(conv))
        sizes = (n, blocks, h, w, *conv.geo.output[2:], pt, pl, conv.geo.window.stride[0])
        return [Call(self.kernel(node, conv, target), operands, (*sizes, *self.widths(conv).values()))]

    def candidate(
        self, node: Node, conv: QConv, target: Target, outputs: float, inputs: float, code: int, why: str
    ) -> Candidate:
        """``outputs``, ``inputs``: instructions of a row of results of a channel, and of a row of a block that enters
        the ring. ``code``: bytes of the kernel."""
        n, ic, _, _ = conv.geo.x
        rows = conv.geo.output[2] * (4 * outputs + conv.geo.window.stride[0] * inputs)
        return Candidate(
            partial(self.build, conv, target),
            n * -(-ic // 4) * rows,
            tuple(1 if v.is_const else 4 for v in node.inputs),
            (4,),
            code,
            why=f"depthwise rows, {why}",
            scratch=self.scratch(conv),
        )
