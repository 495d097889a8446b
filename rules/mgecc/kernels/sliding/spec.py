"""Images2Neibs and SlidingWindowTranspose (windows.c.j2)."""

from __future__ import annotations

from collections.abc import Iterator

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.kernels.plain import plain_candidate, require_float32
from mgecc.ops.sliding_window import SlidingWindowAttrs
from mgecc.targets import Target

_FIELDS = ("planes", "h", "w", "oh", "ow", "kh", "kw", "sh", "sw", "ph", "pw", "dh", "dw")


def _build(node: Node) -> list[Call]:
    scatter = node.op == "SlidingWindowTranspose"
    image, parts = (node.output, node.inputs[0]) if scatter else (node.inputs[0], node.output)
    window = node.attributes(SlidingWindowAttrs).geometry
    kernel = Kernel(
        f"sliding_f32_{'sum' if scatter else 'windows'}",
        "sliding/windows.c.j2",
        (("x", "const float *"), ("y", "float *")),
        tuple((name, "int32_t") for name in _FIELDS),
        (("scatter", scatter),),
    )
    n, channels, h, w = image.shape
    pads = tuple(before for before, _ in window.pad)
    numbers = (n * channels, h, w, *parts.shape[2:], *window.stride, *pads, *window.dilate)
    return [Call(kernel, (node.inputs[0], node.output), numbers)]


@serves("Images2Neibs", "SlidingWindowTranspose")
def sliding_windows(node: Node, target: Target) -> Iterator[Candidate]:
    """Element by element."""
    require_float32((node.inputs[0], node.output))
    work = max(node.inputs[0].type.elements, node.output.type.elements)
    yield plain_candidate(node, _build, 100.0 + 10.0 * work, "element by element")
