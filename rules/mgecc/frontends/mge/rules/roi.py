"""Pooling of regions of interest."""

from __future__ import annotations

from mgecc.graph.attributes import FINITE, POSITIVE

from . import as_written

as_written("ROIPooling", "ROIPooling", ranges={"scale": FINITE})
as_written(
    "ROIAlign",
    "ROIAlignV1",
    "ROIAlign",
    ranges={"spatial_scale": FINITE, "offset": FINITE, "pooled_*": POSITIVE, "sample_*": POSITIVE},
)
as_written(
    "DeformablePSROIPooling",
    "DeformablePSROIPoolingForward",
    "DeformablePSROIPooling",
    ranges={"spatial_scale": FINITE, "trans_std": FINITE, "pooled_*": POSITIVE, "*part*": POSITIVE},
)
