"""Random forms of the operators that move numbers."""

from __future__ import annotations

from math import prod

import numpy as np
from random_net import Net
from random_operators import BOTH as _B
from random_operators import THREE as _H
from random_operators import family
from tflite_case import Case


def _one(net: Net, shape: list[int]) -> tuple[float, int]:
    scale, zero = net.scale(), net.zero()
    net.given(shape, scale, zero)
    return scale, zero


@family(_H, "RESHAPE", "SQUEEZE", "EXPAND_DIMS")
def reshape(net: Net) -> Case:
    shape = net.shape()
    scale, zero = _one(net, shape)
    if net.type == "RESHAPE":
        net.integers(-1, shape[-1])
        return net.case([prod(shape[:-1]), shape[-1]], scale=scale, zero=zero)
    if net.type == "SQUEEZE":
        left = [n for n in shape if n != 1] or [1]
        return net.case(
            left if prod(shape) > 1 else [], options=("SqueezeOptions", {}), scale=scale, zero=zero
        )
    axis = net.size(0, len(shape))
    net.scalar(axis)
    return net.case([*shape[:axis], 1, *shape[axis:]], scale=scale, zero=zero)


@family(_H, "TRANSPOSE")
def transpose(net: Net) -> Case:
    shape = net.shape(net.size(2, 4))
    order = net.rng.permutation(len(shape)).tolist()
    scale, zero = _one(net, shape)
    net.integers(*order)
    return net.case([shape[k] for k in order], scale=scale, zero=zero)


@family(_H, "CONCATENATION")
def concatenation(net: Net) -> Case:
    shape, count = net.shape(), net.size(2, 4)
    axis, scale, zero, total = net.size(0, len(shape) - 1), net.scale(), net.zero(), 0
    for _ in range(count):
        size = net.size(1, 5)
        total += size
        net.given([*shape[:axis], size, *shape[axis + 1 :]], scale, zero)
    result = [*shape[:axis], total, *shape[axis + 1 :]]
    return net.case(result, options=("ConcatenationOptions", {"axis": axis}), scale=scale, zero=zero)


@family(_H, "PACK")
def pack(net: Net) -> Case:
    shape, count = net.shape(net.size(1, 3)), net.size(1, 4)
    axis, scale, zero = net.size(0, len(shape)), net.scale(), net.zero()
    for _ in range(count):
        net.given(shape, scale, zero)
    options = ("PackOptions", {"axis": axis, "values_count": count})
    return net.case([*shape[:axis], count, *shape[axis:]], options=options, scale=scale, zero=zero)


@family(_H, "UNPACK", "SPLIT", "SPLIT_V")
def split(net: Net) -> Case:
    """Only the first result is an output."""
    shape = net.shape(net.size(2, 4))
    axis, count = net.size(0, len(shape) - 1), net.size(1, 4)
    shape[axis], part = (count if net.type == "UNPACK" else count * net.size(1, 3)), 0
    part = shape[axis] // count
    scale, zero = net.scale(), net.zero()
    if net.type == "SPLIT":
        net.scalar(axis)
    net.given(shape, scale, zero)
    if net.type == "SPLIT_V":
        net.integers(*[part] * count)
        net.scalar(axis)
    options = {
        "UNPACK": ("UnpackOptions", {"num": count, "axis": axis}), "SPLIT": ("SplitOptions", {"num_splits": count}),
        "SPLIT_V": ("SplitVOptions", {"num_splits": count}),
    }  # fmt: skip
    result = [*shape[:axis], *([] if net.type == "UNPACK" else [part]), *shape[axis + 1 :]]
    return net.case(*[result] * count, options=options[net.type], scale=scale, zero=zero)


@family(_H, "PAD", "PADV2", "MIRROR_PAD")
def pad(net: Net) -> Case:
    shape = net.shape(net.size(1, 4))
    scale, zero = _one(net, shape)
    mirror = net.type == "MIRROR_PAD"
    mode = net.pick("REFLECT", "SYMMETRIC")
    most = [min(3, n - (mode == "REFLECT")) if mirror else 3 for n in shape]
    pairs = [[net.size(0, m), net.size(0, m)] for m in most]
    net.operands.append(net.file.constant(np.array(pairs, np.int32)))
    if net.type == "PADV2":
        net.operand(net.numbers([1]), net.word, scale, zero)
    options = ("MirrorPadOptions", {"mode": mode}) if mirror else None
    return net.case([n + b + e for n, (b, e) in zip(shape, pairs)], options=options, scale=scale, zero=zero)


@family(_H, "SLICE", "STRIDED_SLICE")
def part(net: Net) -> Case:
    shape = net.shape(net.size(1, 4))
    scale, zero = _one(net, shape)
    begins = [net.size(0, n - 1) for n in shape]
    ends = [net.size(b + 1, n) for b, n in zip(begins, shape)]
    net.integers(*begins)
    if net.type == "SLICE":
        net.integers(*[e - b for b, e in zip(begins, ends)])
        return net.case([e - b for b, e in zip(begins, ends)], scale=scale, zero=zero)
    steps = [net.size(1, 3) for _ in shape]
    net.integers(*ends)
    net.integers(*steps)
    result = [-(-(e - b) // s) for b, e, s in zip(begins, ends, steps)]
    return net.case(result, options=("StridedSliceOptions", {}), scale=scale, zero=zero)


@family(_B, "GATHER", "GATHER_ND")
def gather(net: Net) -> Case:
    shape = net.shape(net.size(2, 4))
    scale, zero = _one(net, shape)
    count = net.size(1, 5)
    if net.type == "GATHER":
        axis = net.size(0, len(shape) - 1)
        net.integers(*net.rng.integers(0, shape[axis], count))
        result = [*shape[:axis], count, *shape[axis + 1 :]]
        return net.case(result, options=("GatherOptions", {"axis": axis}), scale=scale, zero=zero)
    depth = net.size(1, len(shape))
    net.integers(*[[net.size(0, n - 1) for n in shape[:depth]] for _ in range(count)])
    return net.case([count, *shape[depth:]], scale=scale, zero=zero)


@family(_B, "DEPTH_TO_SPACE", "SPACE_TO_DEPTH")
def blocks(net: Net) -> Case:
    (n, h, w, c), b = net.shape(4, 4), net.size(1, 3)
    deep, wide = [n, h, w, c * b * b], [n, h * b, w * b, c]
    given, result = (deep, wide) if net.type == "DEPTH_TO_SPACE" else (wide, deep)
    scale, zero = _one(net, given)
    table = "DepthToSpaceOptions" if net.type == "DEPTH_TO_SPACE" else "SpaceToDepthOptions"
    return net.case(result, options=(table, {"block_size": b}), scale=scale, zero=zero)


@family(_B, "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND")
def batches(net: Net) -> Case:
    (n, h, w, c), b = net.shape(4, 4), [net.size(1, 3), net.size(1, 3)]
    wide, many = [n, h * b[0], w * b[1], c], [n * b[0] * b[1], h, w, c]
    given, result = (many, wide) if net.type == "BATCH_TO_SPACE_ND" else (wide, many)
    scale, zero = _one(net, given)
    net.integers(*b)
    net.integers([0, 0], [0, 0])
    return net.case(result, scale=scale, zero=zero)


@family(_H, "REVERSE_V2")
def reverse(net: Net) -> Case:
    shape = net.shape()
    scale, zero = _one(net, shape)
    net.integers(net.size(0, len(shape) - 1))
    return net.case(shape, scale=scale, zero=zero)


@family(_H, "SELECT_V2")
def select(net: Net) -> Case:
    shape, scale, zero = net.shape(), net.scale(), net.zero()
    net.operand(net.numbers(shape, "BOOL"), "BOOL", const=False)
    net.given(shape, scale, zero)
    net.given(shape, scale, zero)
    return net.case(shape, scale=scale, zero=zero)


@family(_H, "BROADCAST_TO", "FILL", "ZEROS_LIKE")
def stretched(net: Net) -> Case:
    shape = net.shape()
    if net.type == "FILL":
        net.integers(*shape)
        scale, zero = _one(net, [])
        return net.case(shape, scale=scale, zero=zero)
    scale, zero = _one(
        net, shape if net.type == "ZEROS_LIKE" else [1 if net.chance(0.5) else n for n in shape]
    )
    if net.type == "BROADCAST_TO":
        net.integers(*shape)
    return net.case(shape, scale=scale, zero=zero)


@family(_H, "DYNAMIC_UPDATE_SLICE")
def update(net: Net) -> Case:
    shape = net.shape()
    scale, zero = _one(net, shape)
    sizes = [net.size(1, n) for n in shape]
    net.given(sizes, scale, zero)
    net.integers(*[net.size(0, n) for n in shape])
    return net.case(shape, scale=scale, zero=zero)
