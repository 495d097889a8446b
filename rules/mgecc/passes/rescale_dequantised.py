"""Sums, differences, products and means of dequantised numbers that are quantised become integer nodes.

Those of two tensors, of all of an axis, or of windows: each is a whole sum or product times one factor
(mgecc.ops.rescaled). Functions of one tensor are left to fuse-quantised, which makes tables of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

import numpy as np

from mgecc.graph import DType, Node, Unsupported, Value
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.ops.elemwise import mode_of
from mgecc.ops.pooling import PoolingAttrs
from mgecc.ops.quantize import scale_of
from mgecc.ops.quantize_op import QuantizeAttrs
from mgecc.ops.reduce import ReduceAttrs, reduced_axes
from mgecc.ops.rescale import Rescale
from mgecc.ops.rescaled import Mode, RescaledArithmeticAttrs, RescaledMeanAttrs, sum_factors
from mgecc.passes.axis_maps import reshape, transpose
from mgecc.passes.build import constant, node_like, take_over
from mgecc.passes.dequantised import Ending, data_of, ending_of, moved, steps_of
from mgecc.passes.match import Users

_MODES: dict[str, Mode] = {"add": "add", "sub": "sub", "mul": "mul"}
_Form = Callable[[Node, DType, Ending], Iterator[Node] | None]


def rescaled(quantize: Node, users: Users) -> list[Node] | None:
    """Integer nodes in place of a Quantize node and what it quantises; None where there are none."""
    ending = ending_of(quantize, users)
    node = ending.value.producer
    form = _FORMS.get(node.op) if node is not None else None
    if node is None or form is None or users.only(ending.value) is not ending.reader:
        return None
    try:
        nodes = list(form(node, quantize.attributes(QuantizeAttrs).dtype, ending) or ())
    except Unsupported:
        return None
    if nodes:
        take_over(nodes[-1], quantize)
    return nodes or None


def _by(factor: float, ending: Ending) -> Rescale:
    return Rescale("half_even", (factor,), ending.low, ending.high)


def _bytes(value: Value) -> tuple[Value, list[Node]] | None:
    """An operand as bytes, and the nodes that move them there."""
    data = data_of(value)
    if data is not None:
        nodes = list(moved(*data))
        return (nodes[-1].output if nodes else data[0]), nodes
    known = steps_of(value)
    scales = None if known is None or known.scales.size < 2 else np.unique(known.scales)
    if known is None or scales is None or scales.size != 1 or not known.are_bytes:
        return None
    return constant(value.name, known.steps, DType("qint8", float(scales[0]))), []


def _arithmetic(node: Node, y: DType, ending: Ending) -> Iterator[Node] | None:
    if mode_of(node) not in _MODES:
        return None
    operands = [_bytes(v) for v in node.inputs]
    (a, before), (b, behind) = ((None, []) if found is None else found for found in operands)
    if a is None or b is None or a is b:
        return None
    mode = _MODES[mode_of(node)]
    terms, factor = sum_factors("mul" if mode == "mul" else "add", a.type.dtype, b.type.dtype, y)
    attrs = RescaledArithmeticAttrs(mode, y, _by(factor, ending), terms)
    return iter([*before, *behind, node_like(node, "RescaledArithmetic", attrs, [a, b])])


def _reduction(node: Node, y: DType, ending: Ending) -> Iterator[Node] | None:
    """The count is part of the factor. Over height and width as they lie, over other axes as one behind all others."""
    mode, operand = node.attributes(ReduceAttrs).mode, _bytes(node.inputs[0])
    if mode not in ("sum", "mean") or operand is None:
        return None
    x, nodes = operand
    axes, rank = reduced_axes(node), len(x.shape)
    count = prod(x.shape[axis] for axis in axes)
    left = [axis for axis in range(rank) if axis not in axes]
    if rank != 4 or axes != (2, 3):
        nodes.append(transpose(node, x, [*left, *axes]))
        nodes.append(reshape(node, nodes[-1].output, (1, prod(x.shape[axis] for axis in left), count, 1)))
        x = nodes[-1].output
    factor = float(scale_of(x.type.dtype)) / float(scale_of(y)) / (count if mode == "mean" else 1)
    attrs = RescaledMeanAttrs(y, _by(factor, ending), sums=True)
    nodes.append(node_like(node, "RescaledMean", attrs, [x]))
    return iter([*nodes, reshape(node, nodes[-1].output, node.output.shape)])


def _windows(node: Node, y: DType, ending: Ending) -> Iterator[Node] | None:
    """Means of windows are convolutions channel by channel; cells outside hold 0 and count."""
    attrs, operand = node.attributes(PoolingAttrs), _bytes(node.inputs[0])
    pads = any(map(any, attrs.padding))
    if attrs.mode != "average" or operand is None or (pads and not attrs.count_padding):
        return None
    x, nodes = operand
    channels = x.shape[1]
    factor = float(scale_of(x.type.dtype)) / float(scale_of(y)) / prod(attrs.window)
    ones = np.ones((channels, 1, *attrs.window), np.int8)
    window = ConvBiasAttrs(
        stride=attrs.stride,
        padding=attrs.padding,
        groups=channels,
        output_dtype=y,
        rescale=_by(factor, ending),
    )
    w = constant(f"{node.name}.ones", ones, DType("qint8"))
    return iter([*nodes, node_like(node, "ConvBias", window, [x, w])])


_FORMS: dict[str, _Form] = {"Elemwise": _arithmetic, "Reduce": _reduction, "Pooling": _windows}
