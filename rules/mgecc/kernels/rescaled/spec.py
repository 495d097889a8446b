"""Which operators in fixed point are served, by which templates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import prod

import numpy as np

from mgecc.graph import DType, Node
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Param, serves
from mgecc.kernels.rescale import KINDS, kind, limits
from mgecc.kernels.strides import Nest, broadcast_strides, collapse
from mgecc.ops.quantize import scale_of
from mgecc.ops.quantize_op import QuantizeAttrs
from mgecc.ops.rescale import Rescale, fixed_point
from mgecc.ops.rescaled import (
    FixedSoftmaxAttrs,
    RescaleAttrs,
    RescaledArithmeticAttrs,
    RescaledMeanAttrs,
    is_weighted,
    mean_factor,
    powers_table,
    term_bits,
    weights_of,
)
from mgecc.targets import Target

_LETTERS = {"qint8": "s8", "quint8": "u8", "qint16": "s16"}
_CTYPES = {"s8": "int8_t", "u8": "uint8_t", "s16": "int16_t"}


def _stores(dtype: DType) -> str:
    """In words of kernels: bytes are stored by their low bits, with a sign or without."""
    return "i8" if dtype.size == 1 else "i16"


def _result(dtype: DType) -> str:
    """The pointer to results."""
    return "int8_t *" if dtype.size == 1 else "int16_t *"


def _blocks(node: Node, target: Target) -> list[int]:
    """Layouts in which every input has the shape of the result: plain, and the blocks of bytes."""
    wide = target.block_of(node.output.type.dtype.name)
    same = node.output.type.rank == 4 and all(v.shape == node.output.shape for v in node.inputs)
    return sorted({1, wide if same and not any(v.is_const for v in node.inputs) else 1})


def _repeated(factors: Sequence[float], lanes: int) -> np.ndarray:
    """[factor][multiplier, shift][lanes]: each the same in all lanes of a vector."""
    pairs = np.stack(fixed_point(factors), axis=-1).astype(np.int32)
    return np.repeat(pairs[:, :, None], lanes, axis=2)


# Sums and products of two tensors


def _nest(node: Node, block: int) -> Nest:
    """Loops over the result and both operands; the inner one walks each by steps of 1 or 0."""
    shapes = [v.type.with_block(block).stored_shape for v in (node.output, *node.inputs)]
    return collapse(shapes[0], [broadcast_strides(shape, shapes[0]) for shape in shapes])


def _arithmetic_numbers(node: Node) -> np.ndarray:
    attrs = node.attributes(RescaledArithmeticAttrs)
    values = limits(attrs.rescale, attrs.dtype)
    values[[6, 8]] = [v.type.dtype.zero_point for v in node.inputs]
    return values


def _arithmetic_kernel(node: Node, nest: Nest, lanes: int) -> Kernel:
    attrs, letters = (
        node.attributes(RescaledArithmeticAttrs),
        [_LETTERS[v.type.dtype.name] for v in node.inputs],
    )
    steps = tuple(int(strides[-1] != 0) for strides in nest.strides[1:])
    weighted, outer = is_weighted(attrs), range(nest.depth - 1)
    number = KINDS[attrs.rescale.rounding] if weighted else kind(attrs.rescale)
    ways = "".join("sv"[step] for step in steps)
    params: dict[str, Param] = {
        "depth": nest.depth - 1, "lanes": lanes, "letters": tuple(letters), "mode": attrs.mode,
        "rescale": number, "single": KINDS[attrs.rescale.rounding], "steps": steps,
        "up": term_bits(attrs.mode, attrs.dtype), "word": _stores(attrs.dtype),
        "weighted": weighted,
    }  # fmt: skip
    return Kernel(
        f"rescaled_{attrs.mode.replace('_', '')}_{'_'.join(letters)}_{ways}{nest.depth}_rescale{number}",
        "rescaled/arithmetic.c.j2",
        (
            *((f"x{j}", f"const {_CTYPES[letter]} *") for j, letter in enumerate(letters)),
            *(("f", "const int32_t *"), ("q", "const float *"), ("y", _result(attrs.dtype))),
        ),
        (
            ("n", "int32_t"),
            *((f"d{d}", "int32_t") for d in outer),
            *((f"s{j}_{d}", "int32_t") for j in range(2) for d in outer),
            *([("bits", "int32_t")] if weighted else []),
        ),
        tuple(sorted(params.items())),
        ("rescale", "convert"),
    )


def _build_arithmetic(block: int, target: Target, node: Node) -> list[Call]:
    attrs, nest = node.attributes(RescaledArithmeticAttrs), _nest(node, block)
    factors: Callable[[], np.ndarray] = partial(
        _repeated, (*attrs.factors, *attrs.rescale.factors), target.lanes
    )
    numbers = (nest.sizes[-1], *nest.sizes[:-1], *nest.strides[1][:-1], *nest.strides[2][:-1])
    if is_weighted(attrs):
        *weights, bits = weights_of(attrs)
        factors, numbers = partial(np.array, weights, np.int32), (*numbers, bits)
    constants = (Const(factors), Const(partial(_arithmetic_numbers, node)))
    return [
        Call(_arithmetic_kernel(node, nest, target.lanes), (*node.inputs, *constants, node.output), numbers)
    ]


@serves("RescaledArithmetic")
def arithmetic(node: Node, target: Target) -> Iterator[Candidate]:
    """Two operands that broadcast, a vector at a time."""
    for block in _blocks(node, target):
        elements = prod(node.output.type.with_block(block).stored_shape)
        nest = _nest(node, block)
        over = tuple(j for j in range(2) if node.inputs[j].shape == node.output.shape)
        each = 12.0 if is_weighted(node.attributes(RescaledArithmeticAttrs)) else 40.0
        yield Candidate(
            partial(_build_arithmetic, block, target),
            40.0 + 10.0 * elements / nest.sizes[-1] + elements * each / target.lanes,
            (block, block),
            (block,),
            700,
            over,
            why=f"{target.lanes} sums at a time",
        )


# Means


def _mean_numbers(node: Node) -> np.ndarray:
    attrs = node.attributes(RescaledMeanAttrs)
    return limits(attrs.rescale, attrs.dtype)


def _mean_factors(node: Node, count: int, lanes: int) -> np.ndarray:
    pair = np.array(mean_factor(node.attributes(RescaledMeanAttrs), count), np.int32)
    return np.repeat(pair[:, None], lanes, axis=1)


def _build_mean(c: int, lanes: int, node: Node) -> list[Call]:
    x, attrs = node.inputs[0], node.attributes(RescaledMeanAttrs)
    n, channels, h, w = x.shape
    letter, number = _LETTERS[x.type.dtype.name], kind(attrs.rescale) | 4
    kernel = Kernel(
        f"rescaled_mean_{letter}_c{c}_rescale{number}",
        "rescaled/mean.c.j2",
        (
            ("x", f"const {_CTYPES[letter]} *"),
            ("f", "const int32_t *"),
            ("q", "const float *"),
            ("y", _result(attrs.dtype)),
        ),
        (("planes", "int32_t"), ("count", "int32_t"), ("start", "int32_t")),
        (
            ("c", c),
            ("kind", letter),
            ("lanes", lanes),
            ("rescale", number),
            ("yt", _result(attrs.dtype)[:-2]),
        ),
        ("rescale",),
    )
    constants = (Const(partial(_mean_factors, node, h * w, lanes)), Const(partial(_mean_numbers, node)))
    numbers = (n * -(-channels // c), h * w, -h * w * x.type.dtype.zero_point)
    return [Call(kernel, (x, *constants, node.output), numbers)]


@serves("RescaledMean")
def means(node: Node, target: Target) -> Iterator[Candidate]:
    """Channel blocks by vectors, plain layout number by number."""
    x = node.inputs[0].type
    for c in sorted({1, target.block_of(x.dtype.name)}, reverse=True):
        lanes = target.lanes if c > 1 else 1
        if c % lanes:
            continue
        steps = node.output.type.elements * (3.0 * x.shape[2] * x.shape[3] + 30) / lanes
        yield Candidate(
            partial(_build_mean, c, lanes), steps, (c,), (c,), 400, why=f"{lanes} channels at a time"
        )


# Softmax


def _build_softmax(node: Node) -> list[Call]:
    x, attrs = node.inputs[0], node.attributes(FixedSoftmaxAttrs)
    letter = _LETTERS[x.type.dtype.name]
    kernel = Kernel(
        f"fixed_softmax_{letter}",
        "rescaled/softmax.c.j2",
        (("x", f"const {_CTYPES[letter]} *"), ("powers", "const int32_t *"), ("y", "int8_t *")),
        (("rows", "int32_t"), ("n", "int32_t"), ("low", "int32_t")),
        (("xt", _CTYPES[letter]),),
        ("fixed_point",),
    )
    n = x.shape[-1]
    numbers = (x.type.elements // n, n, attrs.dtype.range[0])
    return [Call(kernel, (x, Const(partial(powers_table, attrs.factor)), node.output), numbers)]


@serves("FixedSoftmax")
def softmax(node: Node, target: Target) -> Iterator[Candidate]:
    """Powers from a table of 256; three passes over a row."""
    yield Candidate(
        _build_softmax,
        200.0 + 25.0 * node.output.type.elements,
        (1,),
        (1,),
        500,
        (0,),
        why="a table of powers",
    )


# Conversions


def _convert_numbers(node: Node) -> np.ndarray:
    attrs = node.attributes(RescaleAttrs)
    values = limits(attrs.rescale, attrs.dtype)
    values[6] = node.inputs[0].type.dtype.zero_point
    return values


def _convert_factors(rescale: Rescale) -> np.ndarray:
    return np.stack(rescale.fixed, axis=-1).astype(np.int32)


def _build_convert(node: Node) -> list[Call]:
    x, attrs = node.inputs[0], node.attributes(RescaleAttrs)
    number, ctype = KINDS[attrs.rescale.rounding], f"{x.type.dtype.numpy.name}_t"
    kernel = Kernel(
        f"rescaled_{x.type.dtype.numpy.name}{'_s16' if attrs.dtype.size == 2 else ''}_rescale{number}",
        "rescaled/convert.c.j2",
        (
            ("x", f"const {ctype} *"),
            ("f", "const int32_t *"),
            ("q", "const float *"),
            ("y", _result(attrs.dtype)),
        ),
        (("n", "int32_t"),),
        (("rescale", number), ("yt", _result(attrs.dtype)[:-2])),
        ("rescale_one",),
    )
    constants = (Const(partial(_convert_factors, attrs.rescale)), Const(partial(_convert_numbers, node)))
    return [Call(kernel, (x, *constants, node.output), (prod(x.type.stored_shape),))]


@serves("Rescale")
def conversions(node: Node, target: Target) -> Iterator[Candidate]:
    """Whole numbers to stored ones by one fixed-point factor, number by number."""
    cost = 20.0 + 14.0 * node.output.type.elements
    over = (0,) if node.inputs[0].type.dtype.size == node.output.type.dtype.size else ()
    for c in _blocks(node, target):
        yield Candidate(_build_convert, cost, (c,), (c,), 300, over, why="number by number")


def _quantize_numbers(node: Node) -> np.ndarray:
    dtype = node.attributes(QuantizeAttrs).dtype
    low, high = dtype.range
    return np.array(
        [scale_of(dtype), low - dtype.zero_point, high - dtype.zero_point, dtype.zero_point], np.float32
    )


def _build_quantize(node: Node) -> list[Call]:
    x, attrs = node.inputs[0], node.attributes(QuantizeAttrs)
    letter = _LETTERS[attrs.dtype.name]
    kernel = Kernel(
        f"quantize_{letter}_{attrs.ties.replace('_', '')}",
        "rescaled/quantize.c.j2",
        (("x", "const float *"), ("q", "const float *"), ("y", f"{_CTYPES[letter]} *")),
        (("n", "int32_t"),),
        (("even", attrs.ties == "half_even"), ("word", letter.replace("s", "i"))),
        ("convert",),
    )
    return [
        Call(kernel, (x, Const(partial(_quantize_numbers, node)), node.output), (prod(x.type.stored_shape),))
    ]


@serves("Quantize")
def quantize(node: Node, target: Target) -> Iterator[Candidate]:
    """Real numbers to stored ones, a vector at a time."""
    for c in _blocks(node, target):
        elements = prod(node.output.type.with_block(c).stored_shape)
        yield Candidate(
            _build_quantize, 20.0 + elements * 12.0 / target.lanes, (c,), (c,), 400, why="a vector at a time"
        )
