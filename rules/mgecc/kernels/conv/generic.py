"""Generic convolution in plain NCHW: any groups, window, stride, dilation and padding (generic.c.j2).

The loop nest of the definition; vectors run along a row of outputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand
from mgecc.kernels.conv.geometry import Conv, bias_of, residual, weights_of
from mgecc.targets import Target

_FIELDS = ("n", "groups", "icg", "ocg", "h", "w", "oh", "ow", "kh", "kw", "sh", "sw", "dh", "dw", "pt", "pl")

# Products that are added up in halves, one after the other.
_MOST_HALVES = 256


def kernel(conv: Conv) -> Kernel:
    types = {"w": conv.weights.ctype}
    names = ["x", "w", "b", *(["z"] if conv.has_z else [])]
    return Kernel(
        f"conv_{conv.element.name}_plain{conv.weights.suffix}{'_add' if conv.has_z else ''}{conv.activation.suffix}",
        "conv/generic.c.j2",
        (*((name, types.get(name, conv.element.const)) for name in names), ("y", conv.element.pointer)),
        (*((name, "int32_t") for name in _FIELDS), *conv.activation.fields),
        (("activation", conv.activation.kind), ("wtype", conv.weights.name), ("z", conv.has_z)),
        conv.needs,
        half=conv.element.half,
    )


def _weights(conv: Conv, node: Node) -> Operand:
    """Constant weights as the kernel reads them; computed ones lie so already."""
    w = node.inputs[1]
    return Const(lambda: conv.weights.stored(np.ascontiguousarray(weights_of(node)))) if w.is_const else w


def _build(conv: Conv, node: Node) -> list[Call]:
    per_group = {"icg": conv.ic // conv.groups, "ocg": conv.oc // conv.groups}
    args = [per_group[name] if name in per_group else getattr(conv, name) for name in _FIELDS]
    operands = (
        node.inputs[0],
        _weights(conv, node),
        Const(partial(bias_of, node, 0, conv.oc)),
        *([residual(node)] if conv.has_z else []),
        node.output,
    )
    return [Call(kernel(conv), operands, (*args, *conv.activation.numbers))]


def candidates(node: Node, conv: Conv, target: Target) -> Iterator[Candidate]:
    """Always possible but for long sums of halves, seldom the cheapest."""
    if conv.element.half and conv.taps * (conv.ic // conv.groups) > _MOST_HALVES:
        return
    per_mac = 3.0 + 5.0 / conv.element.lanes if conv.sw == 1 else 8.0
    yield Candidate(
        partial(_build, conv),
        conv.macs * per_mac + conv.n * conv.oc * conv.pixels * 20.0,
        (1,) * len(node.inputs),
        (1,),
        700,
        (3,) if conv.has_z else (),
        why="plain layout, any form",
    )
