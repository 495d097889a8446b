"""Images: colours, turns, warps, sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mgecc.frontends.build import GraphBuilder
from mgecc.graph import Unsupported, Value
from mgecc.ops.image import CvtColorAttrs, FlipAttrs, GaussianBlurAttrs, RotateAttrs
from mgecc.ops.resize import Resize3DAttrs, ResizeAttrs
from mgecc.ops.warp import RemapAttrs, WarpAttrs

from ..layouts import add_plain
from ..model import Record
from ..parameters import word
from . import Params, attributes, record


@attributes("CvtColor", "CvtColor")
def converted_colours(params: Params) -> CvtColorAttrs:
    return CvtColorAttrs(word(params["mode"]))


@attributes("Flip", "Flip")
def flipped(params: Params) -> FlipAttrs:
    return FlipAttrs(params["vertical"], params["horizontal"])


@attributes("Rotate", "Rotate")
def rotated(params: Params) -> RotateAttrs:
    return RotateAttrs(params["clockwise"])


@attributes("GaussianBlur", "GaussianBlur")
def blurred(params: Params) -> GaussianBlurAttrs:
    return GaussianBlurAttrs(
        window=(params["kernel_height"], params["kernel_width"]),
        sigma=(params["sigma_y"], params["sigma_x"]),
        border=word(params["border_mode"]),
    )


def _reading(params: Params, border: str, outside: str) -> dict[str, Any]:
    """How pixels are read; ``border`` and ``outside``: what the record calls these parameters."""
    if params["format"] not in ("NCHW", "NHWC"):
        raise Unsupported(f"warps of {params['format']} data are not served", "use NCHW or NHWC")
    return {
        "mode": word(params["imode"]),
        "border": word(params[border]),
        "outside": params[outside],
        "layout": word(params["format"]),
    }


@attributes("WarpPerspective", "WarpPerspectiveV2", "WarpPerspectiveV1", "WarpPerspective")
def perspective_warp(params: Params) -> WarpAttrs:
    return WarpAttrs(**_reading(params, "bmode", "border_val"))


@attributes("WarpAffine", "WarpAffineV2", "WarpAffineV1", "WarpAffine")
def affine_warp(params: Params) -> WarpAttrs:
    return WarpAttrs(**_reading(params, "border_mode", "border_val"))


@attributes("Remap", "RemapV1", "Remap")
def remapped(params: Params) -> RemapAttrs:
    return RemapAttrs(**_reading(params, "border_type", "scalar"))


@record("Resize", "ResizeV2", "ResizeV1", "Resize")
def resized(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
    """Images of other layouts in plain layout; MegEngine interpolates them linearly if at all."""
    mode, data_format = word(record.params["imode"]), record.params["format"]
    if data_format in ("NCHW", "NHWC"):
        return build.add("Resize", ResizeAttrs(mode, word(data_format)), inputs)
    build.check("Resize", ResizeAttrs(mode), inputs)
    attrs = ResizeAttrs("nearest" if mode == "nearest" else "linear")
    return add_plain(build, "Resize", attrs, inputs, data_format)


@attributes("Resize3D", "Resize3D")
def resized_volume(params: Params) -> Resize3DAttrs:
    if params["imode"] != "LINEAR":
        raise Unsupported(f"volumes are not resized in mode {params['imode']}", "use linear")
    return Resize3DAttrs(word(params["format"]), params["align_corners"])
