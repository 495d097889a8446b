"""Blocks of pixels as channels or batches."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ..images import channels_first, channels_last
from . import Tensor, TensorBuilder, TfliteNode, rule


@rule("Dimshuffle", "DEPTH_TO_SPACE")
def depth_to_space(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Channels (row, column, rest) of a block."""
    x, b = channels_first(t, node.operand(0)), node.require("block_size")
    n, c, h, w = x.shape
    parts = t.transpose(t.reshape(x, (n, b, b, c // (b * b), h, w)), (0, 3, 4, 1, 5, 2))
    return [channels_last(t, t.reshape(parts, (n, c // (b * b), h * b, w * b)))]


@rule("Dimshuffle", "SPACE_TO_DEPTH")
def space_to_depth(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, b = channels_first(t, node.operand(0)), node.require("block_size")
    n, c, h, w = x.shape
    parts = t.transpose(t.reshape(x, (n, c, h // b, b, w // b, b)), (0, 3, 5, 1, 2, 4))
    return [channels_last(t, t.reshape(parts, (n, b * b * c, h // b, w // b)))]


@rule("Dimshuffle", "SPACE_TO_BATCH_ND")
def space_to_batch(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Padded, then every place of a block is an image of its own."""
    x, block = node.operand(0), node.operand(1).integers
    pairs = [(int(b), int(e)) for b, e in node.operand(2).known]
    behind = x.rank - 1 - len(block)
    x = t.pad(x, [(0, 0), *pairs, *[(0, 0)] * behind])
    n, sizes, rest = x.shape[0], x.shape[1 : 1 + len(block)], x.shape[1 + len(block) :]
    split = [k for size, b in zip(sizes, block) for k in (size // b, b)]
    places = [2 * k + 2 for k in range(len(block))]
    order = [*places, 0, *(k - 1 for k in places), *range(2 * len(block) + 1, 2 * len(block) + 1 + behind)]
    parts = t.transpose(t.reshape(x, (n, *split, *rest)), order)
    return [t.reshape(parts, (n * prod(block), *(size // b for size, b in zip(sizes, block)), *rest))]


@rule("Dimshuffle", "BATCH_TO_SPACE_ND")
def batch_to_space(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Images of places of a block together again, then cut."""
    x, block = node.operand(0), node.operand(1).integers
    pairs = [(int(b), int(e)) for b, e in node.operand(2).known]
    count, n = len(block), x.shape[0] // prod(block)
    sizes, rest = x.shape[1 : 1 + count], x.shape[1 + count :]
    order = [count, *(k for axis in range(count) for k in (count + 1 + axis, axis))]
    order += range(2 * count + 1, 2 * count + 1 + len(rest))
    parts = t.transpose(t.reshape(x, (*block, n, *sizes, *rest)), order)
    whole = t.reshape(parts, (n, *(size * b for size, b in zip(sizes, block)), *rest))
    return [t.pad(whole, [(0, 0), *((-b, -e) for b, e in pairs), *[(0, 0)] * len(rest)])]
