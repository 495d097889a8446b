"""Reading between elements, and at places that are stated or computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mgecc.graph import Unsupported
from mgecc.graph.types import FLOAT32
from mgecc.ops.grid_sample import GridSampleAttrs
from mgecc.ops.roi import ClampedROIAlignAttrs, ROIPoolingAttrs
from mgecc.ops.roi_adaptive import AdaptiveROIAlignAttrs

from . import OnnxNode, Tensor, TensorBuilder, rule

_MODES = {
    "nearest": "nearest",
    "linear": "linear",
    "bilinear": "linear",
    "cubic": "cubic",
    "bicubic": "cubic",
}


@rule("GridSample", "GridSample")
def grid_sample(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    x, grid, mode = node.operand(0), node.operand(1), node.get("mode", "linear")
    if mode not in _MODES:
        raise Unsupported(f"the interpolation {mode} is not known")
    corners = bool(node.get("align_corners", 0))
    attrs = GridSampleAttrs(_MODES[mode], node.get("padding_mode", "zeros"), corners)  # type: ignore[arg-type]
    return [t.one("GridSample", attrs, x, t.cast(grid, x.dtype), dtype=x.dtype)]


@rule("ClampedROIAlign", "RoiAlign")
def roi_align(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Without half pixels, boxes are a pixel long at least. Ratio 0: their size says how many samples they have."""
    x, boxes, images = node.operand(0), node.operand(1), node.operand(2)
    count, mode = node.get("sampling_ratio", 0), node.get("mode", "avg")
    halves = node.get("coordinate_transformation_mode", "half_pixel") == "half_pixel"
    size = (node.get("output_height", 1), node.get("output_width", 1))
    scale, offset, least = node.get("spatial_scale", 1.0), 0.5 if halves else 0.0, 0.0 if halves else 1.0
    largest: Literal["max", "average"] = "max" if mode == "max" else "average"
    numbered = t.concat([t.unsqueeze(t.cast(images, FLOAT32), [1]), t.cast(boxes, FLOAT32)], 1)
    if count < 1:
        adaptive = AdaptiveROIAlignAttrs(size, scale, offset, largest, least)
        return [t.one("AdaptiveROIAlign", adaptive, x, numbered, dtype=x.dtype)]
    attrs = ClampedROIAlignAttrs(size, (count, count), scale, offset, largest, least)
    return [t.one("ClampedROIAlign", attrs, x, numbered, dtype=x.dtype)]


@rule("ROIPooling", "MaxRoiPool")
def max_roi_pool(node: OnnxNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Boxes (k, 5) begin with the number of their image."""
    x, size = node.operand(0), np.array(node.require("pooled_shape"), np.int32)
    attrs = ROIPoolingAttrs(node.get("spatial_scale", 1.0))
    return [t.one("ROIPooling", attrs, x, node.operand(1), t.constant(size), dtype=x.dtype)]
