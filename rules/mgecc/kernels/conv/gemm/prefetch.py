"""Software prefetch of weights (prefetch.j2), where several tiles share a group's weights."""

from __future__ import annotations

from mgecc.kernels.conv.geometry import Conv

# Bytes that come from memory at a time.
_LINE = 64
# How many times too much a line a step may fetch.
_MOST = 5
# Pixels of a tile from which on its products leave time to fetch.
_PIXELS = 4


def prefetch_lines(conv: Conv, p: int, j: int, tiles: int, lane_groups: int = 1) -> int:
    """Lines of the weights to come that a step (``block`` inputs of p pixels times j vectors of channels) brings nearer
    where so many tiles share weights: a power of four, so that layers share kernels, or all of them.

    0 where the first of them matters little, and where instructions alone count.
    """
    element = conv.element
    lines = j * element.block**2 * conv.weights.size // lane_groups // _LINE
    if not element.simd.prefetch or tiles > _MOST * lines or p < _PIXELS:
        return 0
    wanted = -(-lines // tiles)
    return min(lines, next((n for n in (1, 4, 16) if wanted <= n), lines))


def prefetch_suffix(lines: int) -> str:
    """Part of a kernel's symbol."""
    return f"_ahead{lines}" if lines else ""
