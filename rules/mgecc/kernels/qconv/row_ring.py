"""Line buffer: a ring of padded input rows from which windows are read (row_ring.j2)."""

from __future__ import annotations

from dataclasses import dataclass

from mgecc.graph.symbolic import sym_max
from mgecc.kernels.qconv.geometry import QConv

ROW_FIELDS = ("kh", "kw", "sh", "sw", "dh", "dw", "pt", "pl", "ring_rows", "row_bytes")
_SLACK = 128  # bytes that loads of whole vectors may touch behind the last row


@dataclass(frozen=True)
class Rows:
    """``args`` go with ROW_FIELDS; ``nbytes``: size of the ring."""

    args: tuple[int, ...]
    nbytes: int

    @staticmethod
    def cost(conv: QConv) -> float:
        """Estimated instructions to copy every input row once."""
        n, ic, h, w = conv.geo.x
        return n * ic * h * (w / 8 + 6)


def rows_of(conv: QConv, c: int, blocks: int, results: int = 1) -> Rows:
    """A ring of as many rows as windows of ``results`` rows see, each with ``blocks`` blocks of ``c`` channels."""
    window, ow = conv.geo.window, conv.geo.output[3]
    (sh, sw), (dh, dw), ((pt, _), (pl, _)) = window.stride, window.dilate, window.pad
    high, wide = (results - 1) * sh + window.extent[0], window.extent[1]
    row = sym_max((ow - 1) * sw + wide, pl + conv.geo.x[3]) * c
    args = (*window.kernel, sh, sw, dh, dw, pt, pl, high, row)
    return Rows(args, high * row * blocks + _SLACK)
