"""Generic quantised convolution in plain layout: any form, also transposed ones (generic.c.j2).

The loop nest of the definition, a row of accumulators at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod

import numpy as np

from mgecc.graph import Node, Unsupported, Value
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand, Param, Workspace
from mgecc.kernels.requant_plain import Epilogue, are_bytes, ctype, epilogue_of, letters
from mgecc.ops.convolution import BatchConvBiasAttrs, ConvolutionAttrs, geometry, grouped
from mgecc.ops.window import Window
from mgecc.targets import Target

_FIELDS = (
    *("n", "ic", "oc", "ipg", "opg", "h", "w", "oh", "ow", "kh", "kw", "sh", "sw", "dh", "dw", "pt", "pl"),
    *("w_out", "w_in", "w_batch"),
)
# Instructions of a product, and around a row of sums that one tap adds to: of compilers that have vectors, or none.
_VECTORS, _SINGLE = (4.0, 24.0), (9.0, 50.0)
Shape = tuple[int, ...]


def _term(node: Node, position: int) -> Value | None:
    if len(node.inputs) <= position or not node.inputs[position].type.elements:
        return None
    return node.inputs[position]


def _bias(node: Node) -> Value | None:
    value = _term(node, 2)
    channels = node.output.shape[1]
    if value is not None and (not value.is_const or value.shape != (1, channels, 1, 1)):
        raise Unsupported(
            f"the bias {value.type} is not one constant per channel", "add it by an operator of its own"
        )
    return value


def kernel(epilogue: Epilogue, x: Value, w: Value, transposed: bool) -> Kernel:
    types = {"xt": ctype(x), "wt": ctype(w), "yt": ctype(epilogue.node.output)}
    operands = [
        ("x", f"const {types['xt']} *"),
        ("w", f"const {types['wt']} *"),
        ("b", f"const {epilogue.bias_type} *"),
        ("q", "const float *"),
        *epilogue.factor_operand,
    ]
    if epilogue.z_value is not None:
        operands.append(("z", f"const {ctype(epilogue.z_value)} *"))
    operands += [("y", f"{types['yt']} *"), ("sums", f"uint{epilogue.bits}_t *")]
    params: dict[str, Param] = {
        **types,
        "bits": epilogue.bits,
        "epilogue": epilogue.parts,
        "transposed": transposed,
    }
    kind = letters(*types.values())
    return Kernel(
        f"qconv_{kind}_{'transposed' if transposed else 'plain'}_{epilogue.suffix}",
        "qconv/generic.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name in _FIELDS),
        tuple(sorted(params.items())),
        (epilogue.header,),
    )


def _call(epilogue: Epilogue, x: Value, w: Value, sizes: tuple[int, ...], transposed: bool) -> list[Call]:
    y = epilogue.node.output
    operands: list[Operand] = [
        x,
        w,
        Const(partial(epilogue.bias_array, y.shape[1])),
        Const(partial(epilogue.numbers, x, w)),
        *epilogue.factors(y.shape[1]),
        *([epilogue.z_value] if epilogue.z_value is not None else []),
        y,
        Workspace(epilogue.bits // 8 * y.shape[3]),
    ]
    return [Call(kernel(epilogue, x, w, transposed), tuple(operands), sizes)]


def _sizes(x: Shape, y: Shape, weights: Shape, window: Window) -> tuple[int, ...]:
    """Arguments up to the strides of the weights; ``weights`` (g, out, in, kh, kw)."""
    (sh, sw), (dh, dw), ((pt, _), (pl, _)) = window.stride, window.dilate, window.pad
    return (x[0], x[1], y[1], weights[2], weights[1], *x[2:], *y[2:], *window.kernel, sh, sw, dh, dw, pt, pl)


def _candidate(
    node: Node,
    target: Target,
    epilogue: Epilogue,
    positions: tuple[int, int],
    sizes: tuple[int, ...],
    transposed: bool,
) -> Candidate:
    def build(made: Node) -> list[Call]:
        x, w = (made.inputs[i] for i in positions)
        bias, z = (None, None) if transposed else (_term(made, 2), _term(made, 3))
        return _call(epilogue_of(made, bias, z, positions), x, w, sizes, transposed)

    moving = node.inputs[positions[0]] if transposed else node.output
    rows = prod(moving.shape[:-1]) * sizes[10]
    taps = rows * sizes[9] * (sizes[4] if transposed else sizes[3])
    product, row = _SINGLE if target.lanes == 1 else _VECTORS
    cost = taps * (product * moving.shape[-1] + row) + 40.0 * node.output.type.elements
    cost += 2 * target.facts.core.divide_cost * (taps if transposed else rows)
    return Candidate(build, cost, (1,) * len(node.inputs), (1,), 1500, why="rows of sums")


def candidates(node: Node, target: Target) -> Iterator[Candidate]:
    """Any quantised or integer convolution in plain layout."""
    x, w = node.inputs[:2]
    if not are_bytes(x, w):
        return
    epilogue = epilogue_of(node, _bias(node), _term(node, 3))
    geo = geometry(node)
    taps = int(np.prod(geo.window.kernel))
    strides = (geo.weights[2] * taps, taps, 0)
    sizes = (*_sizes(geo.x, geo.output, geo.weights, geo.window), *strides)
    yield _candidate(node, target, epilogue, (0, 1), sizes, False)


def batched(node: Node, target: Target) -> Iterator[Candidate]:
    """Convolutions with weights (n, o, i, h, w), a set for every batch item."""
    x, w = node.inputs[:2]
    if not are_bytes(x, w):
        return
    epilogue = epilogue_of(node, _bias(node), _term(node, 3))
    _, out, inner, *kernel_size = w.shape
    taps = int(np.prod(kernel_size))
    window = node.attributes(BatchConvBiasAttrs).over(kernel_size)
    sizes = _sizes(x.shape, node.output.shape, (1, out, inner, *kernel_size), window)
    yield _candidate(node, target, epilogue, (0, 1), (*sizes, inner * taps, taps, out * inner * taps), False)


def transposed(node: Node, target: Target) -> Iterator[Candidate]:
    """Any quantised or integer transposed convolution in plain layout."""
    w, x = node.inputs[:2]
    if not are_bytes(x, w):
        return
    epilogue = epilogue_of(node, None, None)
    attrs = node.attributes(ConvolutionAttrs)
    g, ipg, opg, *kernel_size = grouped(w.shape, attrs.groups)
    window = attrs.over(kernel_size)
    taps = int(np.prod(kernel_size))
    sizes = _sizes(x.shape, node.output.shape, (g, opg, ipg, *kernel_size), window)
    yield _candidate(node, target, epilogue, (1, 0), (*sizes, taps, opg * taps, 0), True)
