"""Normalisations of plain float32 tensors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod

from mgecc.graph import Node, Unsupported
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.kernels.plain import around, plain_candidate, require_float32, stretched_axes
from mgecc.ops.normalization import AxesNormAttrs, LRNAttrs, NormAttrs
from mgecc.targets import Target

Fields = tuple[tuple[str, str], ...]
_IN, _OUT = "const float *", "float *"


def _ints(*names: str) -> Fields:
    return tuple((name, "int32_t") for name in names)


def _operands(node: Node, affine: str, last: str) -> tuple[tuple[str, str], ...]:
    parameters = [("w", _IN), ("b", _IN)] if affine != "none" else []
    return (("x", _IN), *parameters, ("y", _OUT), ("mean", _OUT), (last, _OUT))


def _affine(node: Node, kind: str) -> str:
    return kind if len(node.inputs) == 3 else "none"


def _epsilon(node: Node) -> float:
    return float(node.attributes(NormAttrs).epsilon)


def _rows(node: Node, affine: str, deviation: bool, sizes: tuple[int, int, int, int]) -> list[Call]:
    """One call over rows of contiguous numbers; sizes (outer, sets, channels, plane)."""
    kernel = Kernel(
        f"norm_f32_rows_{affine}{'_deviation' if deviation else ''}",
        "norm/rows.c.j2",
        _operands(node, affine, "deviation" if deviation else "factor"),
        (*_ints("outer", "sets", "channels", "plane"), ("eps", "float")),
        (("affine", affine), ("deviation", deviation)),
    )
    return [Call(kernel, (*node.inputs, *node.outputs), (*sizes, _epsilon(node)))]


def _columns(node: Node, affine: str, sizes: tuple[int, int, int]) -> list[Call]:
    """One call over the middle axis; sizes (outer, m, inner)."""
    kernel = Kernel(
        f"norm_f32_columns_{affine}",
        "norm/columns.c.j2",
        _operands(node, affine, "factor"),
        (*_ints("outer", "m", "inner"), ("eps", "float")),
        (("affine", affine),),
    )
    return [Call(kernel, (*node.inputs, *node.outputs), (*sizes, _epsilon(node)))]


def _build_axes(node: Node) -> list[Call]:
    axes = node.attributes(AxesNormAttrs).axes(node.inputs[0].type.rank)
    outer, m, inner = around(node.inputs[0].shape, axes[0], axes[-1] + 1)
    affine = _affine(node, "element")
    return (
        _rows(node, affine, False, (outer, 1, 1, m))
        if inner == 1
        else _columns(node, affine, (outer, m, inner))
    )


def _build_groups(node: Node) -> list[Call]:
    n, channels, *size = node.inputs[0].shape
    groups = node.outputs[1].shape[1]
    return _rows(node, _affine(node, "channel"), True, (n * groups, groups, channels // groups, prod(size)))


def _cost(node: Node, target: Target, per_vector: float) -> float:
    return 100 + node.inputs[0].type.elements / target.lanes * per_vector


@serves("LayerNorm", "GeneralNorm")
def over_axes(node: Node, target: Target) -> Iterator[Candidate]:
    """Over neighbouring axes, with a factor and a term for every normalised place."""
    require_float32((*node.inputs, *node.outputs))
    yield plain_candidate(node, _build_axes, _cost(node, target, 12), "three walks over the data", (0,))


@serves("GroupNorm", "InstanceNorm")
def over_groups(node: Node, target: Target) -> Iterator[Candidate]:
    """Over groups of whole channels, with a factor and a term per channel."""
    require_float32((*node.inputs, *node.outputs))
    yield plain_candidate(node, _build_groups, _cost(node, target, 12), "three walks over the data", (0,))


def _build_batch(sizes: tuple[int, int, int], node: Node) -> list[Call]:
    names = ("x", "scale", "bias", "mean", "variance")
    kernel = Kernel(
        f"norm_f32_batch_{'inner' if sizes[2] > 1 else 'last'}",
        "norm/batch.c.j2",
        (*((name, _IN) for name in names), ("kept", _OUT), ("factor", _OUT), ("y", _OUT)),
        (*_ints("outer", "count", "inner"), ("eps", "float")),
        (("inner", sizes[2] > 1),),
    )
    kept, factor, y = node.outputs[0], node.outputs[1], node.outputs[-1]
    return [Call(kernel, (*node.inputs, kept, factor, y), (*sizes, _epsilon(node)))]


@serves("BatchNorm")
def by_given_statistics(node: Node, target: Target) -> Iterator[Candidate]:
    """With computed statistics; constant ones become a multiplication and an addition before this."""
    x, *parameters = node.inputs
    require_float32((x, *parameters))
    sizes = {stretched_axes(value, x.shape) for value in parameters}
    if len(sizes) != 1:
        shapes = ", ".join(str(list(value.shape)) for value in parameters)
        raise Unsupported(
            f"parameters of different shapes ({shapes}) have no kernel", "give all of them one shape"
        )
    yield plain_candidate(
        node, partial(_build_batch, sizes.pop()), _cost(node, target, 4), "one walk over the data"
    )


def _build_lrn(node: Node) -> list[Call]:
    kernel = Kernel(
        "norm_f32_lrn",
        "norm/lrn.c.j2",
        (("x", _IN), ("y", _OUT)),
        (*_ints("n", "channels", "plane", "half"), ("k", "float"), ("alpha", "float"), ("beta", "float")),
        needs=("math", "pow"),
    )
    n, channels, height, width = node.inputs[0].shape
    attrs = node.attributes(LRNAttrs)
    numbers = (float(attrs.bias), float(attrs.alpha), float(attrs.beta))
    sizes = (n, channels, height * width, attrs.size // 2)
    return [Call(kernel, (node.inputs[0], node.output), (*sizes, *numbers))]


@serves("LRN")
def across_channels(node: Node, target: Target) -> Iterator[Candidate]:
    """Across neighbouring channels."""
    require_float32((*node.inputs, *node.outputs))
    cost = _cost(node, target, 60 + 2 * node.attributes(LRNAttrs).size)
    yield plain_candidate(node, _build_lrn, cost, "vectors of pixels")
