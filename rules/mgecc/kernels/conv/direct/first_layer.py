"""Direct convolution of the first layer: plain NCHW images of few channels to NCHWc (first_layer.c.j2).

The method is that of direct.py. Inputs are not blocked, as few channels would leave most lanes empty: one input is
broadcast to all output channels of a tile.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.symbolic import Sym, lower_bound
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Param, Partition, Workspace
from mgecc.kernels.conv.geometry import Conv, bias_of, residual, weights_of
from mgecc.targets import Target

_FIELDS = ("n", "ic", "h", "w", "oh", "ow", "yb", "groups", "first", "kh", "sh", "dh", "pt", "pl")
_MOST_CHANNELS = 8
_MOST_SPAN = 48  # numbers of one row that a tile may read


def kernel(conv: Conv, p: int, j: int) -> Kernel:
    c, xl, simd = conv.element.block, max(4, conv.element.xl), conv.element.simd
    types = {"w": conv.weights.ctype}
    operands = ["x", "w", "b", *(["z"] if conv.has_z else [])]
    params: dict[str, Param] = {
        "activation": conv.activation.kind, "c": c, "j": j, "kw": conv.kw, "loads": _span(conv, p) // xl,
        "p": p, "post": 4 in simd.post_index_loads and _span(conv, p) == 4 * xl, "multi_load": simd.multi_load,
        "repeated": _repeated(conv), "sw": conv.sw,
        "wtype": conv.weights.name, "xl": xl, "z": conv.has_z,
    }  # fmt: skip
    suffix = conv.weights.suffix + ("_add" if conv.has_z else "") + conv.activation.suffix
    return Kernel(
        f"conv_{conv.element.name}_first_kw{conv.kw}s{conv.sw}_c{c}_p{p}x{j}{suffix}",
        "conv/direct/first_layer.c.j2",
        (
            *((name, types.get(name, conv.element.const)) for name in operands),
            ("window", conv.element.pointer),
            ("y", conv.element.pointer),
        ),
        (*((name, "int32_t") for name in _FIELDS), *conv.activation.fields),
        tuple(sorted(params.items())),
        conv.needs,
        half=conv.element.half,
    )


def _repeated(conv: Conv) -> bool:
    """Whether the bias lies there for every pixel of a tile: two loads at a time are faster than copies."""
    return conv.element.simd.repeat_bias


def _bias(node: Node, conv: Conv, tile: tuple[int, int], part: tuple[int, int]) -> np.ndarray:
    """[group of j vectors][j * c], or [group][pixel][j * c]."""
    (p, lanes), (first, count) = tile, part
    groups = bias_of(node, first * conv.element.block, count * lanes).reshape(count, 1, lanes)
    return np.repeat(groups, p, axis=1) if _repeated(conv) else groups


def _pack(node: Node, conv: Conv, c: int, j: int, part: tuple[int, int]) -> np.ndarray:
    """[group of j vectors][input channel][ky][kx][j * c], zeros past the last output channel."""
    first, count = part
    w = weights_of(node)[0]
    full = np.zeros((-(-w.shape[0] // c) * c, *w.shape[1:]), np.float32)
    full[: w.shape[0]] = w
    chosen = full[first * c : (first + count * j) * c].reshape(count, j * c, *w.shape[1:])
    return conv.weights.stored(np.ascontiguousarray(chosen.transpose(0, 2, 3, 4, 1)))


def _build(conv: Conv, p: int, j: int, node: Node) -> list[Call]:
    c = conv.element.block
    vectors = -(-conv.oc // c)
    parts = [(j, 0, vectors // j), (vectors % j, vectors // j * j, 1)]
    calls = []
    for width, first, count in parts:
        if width and count:
            operands = (
                node.inputs[0],
                Const(partial(_pack, node, conv, c, width, (first, count))),
                Const(partial(_bias, node, conv, (p, width * c), (first, count))),
                *([residual(node)] if conv.has_z else []),
                Workspace(conv.ic * conv.kh * _span(conv, p) * conv.element.size),
                node.output,
            )
            numbers = {"yb": vectors, "groups": count, "first": first}
            args = [numbers[name] if name in numbers else getattr(conv, name) for name in _FIELDS]
            lanes = width * c
            starts = (p if _repeated(conv) else 1) * lanes * conv.element.size
            strides = {"w": conv.ic * conv.taps * lanes * conv.weights.size, "b": starts}
            made, partition = kernel(conv, p, width), Partition("groups", strides, {"first": width})
            calls.append(Call(made, operands, (*args, *conv.activation.numbers), partition=partition))
    return calls


def _span(conv: Conv, p: int) -> int:
    """Numbers that a tile loads of one row: whole vectors, rather four than three where four come at once."""
    xl = max(4, conv.element.xl)
    loads = -(-((p - 1) * conv.sw + conv.kw) // xl)
    return xl * (4 if loads == 3 and conv.element.simd.multi_load else loads)


def _step_cost(conv: Conv, p: int, j: int) -> float:
    """Instructions of one row of the kernel for one tile."""
    simd = conv.element.simd
    madds = p * j * conv.kw * simd.madd_cost
    broadcasts = p * conv.kw if simd.inputs_per_load == 1 else 0
    return madds + broadcasts + simd.load_cost * (_span(conv, p) / max(4, conv.element.xl) + conv.kw * j) + 6


def _pixels(conv: Conv, most: int) -> int:
    """Of a tile: where tiles may have any width, such that those of a row overlap little."""
    p = min(most, lower_bound(conv.ow))
    even = conv.element.simd.balanced_tiles and not isinstance(conv.ow, Sym)
    return -(-conv.ow // -(-conv.ow // p)) if even else p


def candidates(node: Node, conv: Conv, _: Target) -> Iterator[Candidate]:
    """Input stays plain; stride and kernel width must keep a tile's row short."""
    c = conv.element.block
    if c == 1 or c != conv.element.lanes or conv.groups != 1 or conv.dw != 1 or conv.ic > _MOST_CHANNELS:
        return
    simd, (most, j) = conv.element.simd, conv.element.simd.first_tile
    vectors = -(-conv.oc // c)
    j = -(-vectors // -(-vectors // j))
    most = simd.first_narrow if j < simd.first_tile[1] and simd.first_narrow else most
    p = _pixels(conv, most)
    if (p - 1) * conv.sw + conv.kw > _MOST_SPAN:
        return
    tiles = conv.n * conv.oh * -(-conv.ow // p) * -(-vectors // j)
    per_tile = conv.ic * conv.kh * _step_cost(conv, p, j) + p * j * (2.5 + conv.activation.cost) + 30 + 2 * p
    blocks = [1] * len(node.inputs)
    if conv.has_z:
        blocks[3] = c
    yield Candidate(
        partial(_build, conv, p, j),
        tiles * per_tile,
        tuple(blocks),
        (c,),
        int(500 + 4 * p * j * (conv.kw + 3)),
        (3,) if conv.has_z else (),
        why=f"plain input, tiles of {p} pixels x {j * c} channels",
    )
