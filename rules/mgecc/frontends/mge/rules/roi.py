"""Pooling of regions of interest."""

from __future__ import annotations

from mgecc.graph import Unsupported
from mgecc.ops.roi import DeformablePSROIPoolingAttrs, ROIAlignAttrs, ROIPoolingAttrs

from ..parameters import word
from . import Params, attributes


@attributes("ROIPooling", "ROIPooling")
def pooled(params: Params) -> ROIPoolingAttrs:
    return ROIPoolingAttrs(params["scale"], word(params["mode"]))


@attributes("ROIAlign", "ROIAlignV1", "ROIAlign")
def aligned(params: Params) -> ROIAlignAttrs:
    if params["format"] != "NCHW":
        raise Unsupported(f"regions of data stored as {params['format']} are not served", "use NCHW")
    return ROIAlignAttrs(
        size=(params["pooled_height"], params["pooled_width"]),
        samples=(params["sample_height"], params["sample_width"]),
        scale=params["spatial_scale"],
        offset=params["offset"],
        mode=word(params["mode"]),
    )


@attributes("DeformablePSROIPooling", "DeformablePSROIPoolingForward", "DeformablePSROIPooling")
def deformable(params: Params) -> DeformablePSROIPoolingAttrs:
    return DeformablePSROIPoolingAttrs(
        size=(params["pooled_h"], params["pooled_w"]),
        samples=params["sample_per_part"],
        parts=params["part_size"],
        scale=params["spatial_scale"],
        moved=not params["no_trans"],
        movement_scale=params["trans_std"],
    )
