"""Movements that are walks without index arrays: flips, rotations, diagonals."""

from __future__ import annotations

from collections.abc import Callable

from mgecc.graph import Node
from mgecc.kernels.index.walk import Loop, Walk
from mgecc.kernels.strides import dense
from mgecc.ops.generators import DiagAttrs
from mgecc.ops.image import CvtColorAttrs, FlipAttrs, RotateAttrs


def _flip(node: Node) -> tuple[Walk, str]:
    """Images (n, h, w, c) turned upside down, left to right, or both."""
    shape, attrs = node.inputs[0].shape, node.attributes(FlipAttrs)
    turned = (False, attrs.vertical, attrs.horizontal, False)
    start, loops = 0, []
    for n, stride, back in zip(shape, dense(shape), turned):
        start += (n - 1) * stride if back else 0
        loops.append(Loop(n, -stride if back else stride, stride))
    return Walk(start, tuple(loops)), "get"


def _rotate(node: Node) -> tuple[Walk, str]:
    """Images (n, h, w, c) by a quarter turn to (n, w, h, c)."""
    n, h, w, c = node.inputs[0].shape
    clockwise = node.attributes(RotateAttrs).clockwise
    start = (h - 1) * w * c if clockwise else (w - 1) * c
    down, right = (c, -w * c) if clockwise else (-c, w * c)
    loops = (Loop(n, h * w * c, h * w * c), Loop(w, down, h * c), Loop(h, right, c), Loop(c, 1, 1))
    return Walk(start, loops), "get"


def _diag(node: Node) -> tuple[Walk, str]:
    """The diagonal of a matrix, or a matrix with a vector on its diagonal."""
    k = node.attributes(DiagAttrs).diagonal
    x, y = node.inputs[0].shape, node.output.shape
    matrix, count = (x, y[0]) if len(x) == 2 else (y, x[0])
    start = max(k, 0) + max(-k, 0) * matrix[1] if count else 0
    return Walk(start, (Loop(count, matrix[1] + 1, 1),)), "get" if len(x) == 2 else "set"


# Channels of the image, of the result; first channel of the image and step to the next one.
COLOURS: dict[str, tuple[int, int, int, int]] = {
    "bgr2rgb": (3, 3, 2, -1),
    "gray2rgb": (1, 3, 0, 0),
    "rgb2bgr": (3, 3, 2, -1),
    "rgba2bgr": (4, 3, 2, -1),
    "rgba2rgb": (4, 3, 0, 1),
}


def colours(node: Node) -> Walk:
    """Images (n, h, w, c) with their channels chosen anew."""
    before, after, first, step = COLOURS[node.attributes(CvtColorAttrs).mode]
    pixels = node.output.type.elements // after
    return Walk(first, (Loop(pixels, before, after), Loop(after, step, 1)))


MOVES: dict[str, Callable[[Node], tuple[Walk, str]]] = {"Diag": _diag, "Flip": _flip, "Rotate": _rotate}
