"""Images, which lie as (n, h, w, c) in these files."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.frontends.tensors import Tensor, TensorBuilder
from mgecc.graph import Unsupported
from mgecc.graph.symbolic import sym_max

Pair = tuple[int, int]


def channels_first(t: TensorBuilder, x: Tensor) -> Tensor:
    """(n, h, w, c) as (n, c, h, w)."""
    return t.transpose(x, (0, 3, 1, 2))


def channels_last(t: TensorBuilder, x: Tensor) -> Tensor:
    """(n, c, h, w) as (n, h, w, c)."""
    return t.transpose(x, (0, 2, 3, 1))


def groups_of(x: Tensor, w: Tensor) -> int:
    """Groups of channels of (n, h, w, c) of which each part of the weights (out, h, w, c of a group) sees one."""
    groups, rest = divmod(x.shape[3], w.shape[3])
    if rest or not groups:
        raise Unsupported(f"weights for {w.shape[3]} channels do not fit {x.shape[3]}")
    return groups


def padding_of(
    word: str, size: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[Pair, ...]:
    """Cells around images (before, after) along each axis: SAME puts the odd one behind, VALID has none."""
    if word == "VALID":
        return ((0, 0),) * len(kernel)
    if word != "SAME":
        raise Unsupported(f"the padding {word} is not supported")
    return tuple(_same(*axis) for axis in zip(size, kernel, stride, dilation))


def _same(size: int, kernel: int, stride: int, dilation: int) -> Pair:
    positions = -(-size // stride)
    missing = sym_max(0, (positions - 1) * stride + (kernel - 1) * dilation + 1 - size)
    return missing // 2, missing - missing // 2
