"""Which colour conversions that compute are served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial

from mgecc.graph import Node
from mgecc.kernels.base import Call, Candidate, Kernel, serves
from mgecc.kernels.numbers import NUMBERS
from mgecc.kernels.plain import plain_candidate
from mgecc.ops.image import CvtColorAttrs
from mgecc.ops.yuv import Planes, planes_of
from mgecc.targets import Target

# Mode -> places of red and blue.
_MODES = {"bgr2gray": (2, 0), "rgb2gray": (0, 2), "rgba2gray": (0, 2)}


def _gray(node: Node) -> list[Call]:
    x, y = node.inputs[0], node.output
    number = NUMBERS[x.type.dtype.name]
    kernel = Kernel(
        f"gray_{number.letters}",
        "colour/gray.c.j2",
        (("x", f"const {number.ctype} *"), ("y", f"{number.ctype} *")),
        tuple((name, "int32_t") for name in ("pixels", "channels", "red", "blue")),
        (("ctype", number.ctype),),
    )
    return [Call(kernel, (x, y), (y.type.elements, x.shape[3], *_MODES[node.attributes(CvtColorAttrs).mode]))]


_YUV = {"rgb2yuv": False, "yuv2rgb": True}  # mode -> whether colours come out


def _yuv(node: Node) -> list[Call]:
    x, y = node.inputs[0], node.output
    number, mode = NUMBERS[x.type.dtype.name], node.attributes(CvtColorAttrs).mode
    kernel = Kernel(
        f"{mode}_{number.letters}",
        "colour/yuv.c.j2",
        (("x", f"const {number.ctype} *"), ("y", f"{number.ctype} *")),
        (("pixels", "int32_t"),),
        (("ctype", number.ctype), ("inverse", _YUV[mode])),
    )
    return [Call(kernel, (x, y), (y.type.elements // 3,))]


def _planes(planes: Planes, node: Node) -> list[Call]:
    x, y = node.inputs[0], node.output
    kernel = Kernel(
        node.attributes(CvtColorAttrs).mode,
        "colour/planes.c.j2",
        (("x", "const uint8_t *"), ("y", "uint8_t *")),
        tuple((name, "int32_t") for name in "nhw"),
        tuple(sorted(asdict(planes).items())),
    )
    return [Call(kernel, (x, y), y.shape[:3])]


@serves("CvtColor")
def grays(node: Node, target: Target) -> Iterator[Candidate]:
    """Images (n, h, w, c) of uint8 or float32."""
    mode = node.attributes(CvtColorAttrs).mode
    if mode in _MODES:
        yield plain_candidate(node, _gray, 20 + 8 * node.output.type.elements, "pixel by pixel")
    if mode in _YUV:
        yield plain_candidate(node, _yuv, 20 + 8 * node.output.type.elements, "pixel by pixel", (0,))
    planes = planes_of(mode)
    if planes is not None:
        yield plain_candidate(
            node, partial(_planes, planes), 20 + 9 * node.output.type.elements, "pixel by pixel"
        )
