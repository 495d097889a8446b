"""Cache blocking: how many pixels or tiles are packed before all weights multiply them.

The block is the MC of Goto and van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication" (ACM TOMS 34, 3):
its packed inputs stay in the cache while the weights stream through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol

from mgecc.graph import Node
from mgecc.graph.symbolic import equal
from mgecc.kernels.base import Call, Const, Kernel, Partition, Workspace
from mgecc.kernels.conv.direct.direct import Tile
from mgecc.kernels.conv.geometry import Conv, bias_of, residual

# Bytes of weights that stay in a cache of the second level while one block follows another; with more of them, blocks
# grow as far as these bytes of scratch allow.
_CACHED_WEIGHTS = 1 << 20
_MOST_SCRATCH = 640 << 10
# Vector instructions that run while a byte of weights comes from memory.
_PER_BYTE = 0.33


def tiles_in_block(scratch: int, weights: int, tiles: int) -> int:
    """Register tiles in a block, of ``tiles`` in all. ``scratch``: bytes of one; ``weights``: bytes of all weights."""
    most = max(1, _MOST_SCRATCH // scratch) if weights > _CACHED_WEIGHTS else 1
    return min(most, tiles)


def cost(compute: float, weights: int, blocks: int) -> float:
    """Instructions of a kernel. Weights are read ahead while products are computed: the slower of the two counts."""
    reads = blocks if weights > _CACHED_WEIGHTS else 1
    return max(compute, reads * weights * _PER_BYTE)


def partition(conv: Conv, vectors: int, weights: int) -> Partition | None:
    """By groups of so many vectors of channels, where there is one image; each chunk prepares the inputs for itself.
    ``weights``: bytes of a group's."""
    if not equal(conv.n, 1):
        return None
    lanes = vectors * conv.element.block * conv.element.size
    image = conv.oh * conv.ow * lanes
    return Partition("groups", {"w": weights, "b": lanes, "y": image, "z": image}, {"yb": -vectors})


class Plan(Protocol):
    """A convolution by cache blocks; ``groups``: of tiles of channels, ``scratch``: bytes of a block."""

    @property
    def conv(self) -> Conv: ...
    @property
    def tile(self) -> Tile: ...
    @property
    def cache_block(self) -> int: ...
    @property
    def groups(self) -> int: ...
    @property
    def scratch(self) -> int: ...


def call(
    kernel: Kernel,
    plan: Plan,
    node: Node,
    weights: Const,
    fields: Sequence[str],
    numbers: Mapping[str, int],
    packed: int,
) -> Call:
    """``fields``: names of the arguments, which are ``numbers`` or those of the convolution.

    ``packed``: bytes of a group's weights.
    """
    conv, tile = plan.conv, plan.tile
    operands = (
        node.inputs[0],
        weights,
        Const(partial(bias_of, node, 0, plan.groups * tile.j * tile.c)),
        *([residual(node)] if conv.has_z else []),
        Workspace(plan.scratch),
        node.output,
    )
    stated = {**numbers, "strip": plan.cache_block, "groups": plan.groups}
    args = [stated[name] if name in stated else getattr(conv, name) for name in fields]
    return Call(
        kernel, operands, (*args, *conv.activation.numbers), partition=partition(conv, tile.j, packed)
    )
