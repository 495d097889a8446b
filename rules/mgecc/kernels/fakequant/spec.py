"""Simulated quantisation in float32: FakeQuant (Jacob et al. 2018, arXiv:1712.05877), LSQ (Esser et al. 2020,
arXiv:1902.08153) and TQT (Jain et al. 2020, arXiv:1903.08066).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node, Unsupported, Value
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, serves
from mgecc.kernels.plain import plain_candidate, require_float32, stretched_axes
from mgecc.ops.elementary import exp2
from mgecc.ops.fake_quant import FakeQuantAttrs
from mgecc.targets import Target

_SIZES = ("outer", "count", "inner", "sstep", "zstep")


def _axes(x: Value, numbers: list[Value]) -> tuple[int, int, int]:
    """(outer, count, inner) along which the scales and zero points vary."""
    varying = {stretched_axes(value, x.shape) for value in numbers if value.type.elements > 1}
    if len(varying) > 1:
        shapes = ", ".join(str(list(value.shape)) for value in numbers)
        raise Unsupported(f"scale and zero point vary along different axes ({shapes})", "give both one shape")
    return varying.pop() if varying else (1, 1, x.type.elements)


def _powers(value: Value) -> np.ndarray:
    assert value.const is not None
    return exp2(value.const.astype(np.float32))


def _build(sizes: tuple[int, int, int], node: Node) -> list[Call]:
    op, x, scale = node.op, node.inputs[0], node.inputs[1]
    zero = () if op == "TQT" else (node.inputs[2],)
    power = op == "TQT" and not scale.is_const
    folded: Operand = Const(partial(_powers, scale)) if op == "TQT" and not power else scale
    names = ("x", "s", "z") if zero else ("x", "s")
    kernel = Kernel(
        f"fakequant_f32_{op.lower()}{'_power' if power else ''}",
        "fakequant/round.c.j2",
        (*((name, "const float *") for name in names), ("y", "float *")),
        (*((name, "int32_t") for name in _SIZES), ("qmin", "float"), ("qmax", "float")),
        (("op", op), ("power", power)),
        ("math",) if power else (),
    )
    steps = [int(v.type.elements > 1) for v in (scale, *zero)] + [0]
    attrs = node.attributes(FakeQuantAttrs)
    numbers = (*sizes, *steps[:2], float(attrs.qmin), float(attrs.qmax))
    return [Call(kernel, (x, folded, *zero, node.output), numbers)]


@serves("FakeQuant", "LSQ", "TQT")
def simulated(node: Node, target: Target) -> Iterator[Candidate]:
    """Runs of numbers that share a scale."""
    numbers = node.inputs[1 : 2 if node.op == "TQT" else 3]
    require_float32((node.inputs[0], *numbers, node.output))
    build = partial(_build, _axes(node.inputs[0], numbers))
    cost = 50 + 14 * node.output.type.elements / target.lanes
    yield plain_candidate(node, build, cost, "one walk over the data", (0,))
