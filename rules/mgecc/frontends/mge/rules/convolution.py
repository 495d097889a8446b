"""Convolutions and their relatives."""

from __future__ import annotations

from mgecc.ops.window import CELLS, PADDING

from ..parameters import GEOMETRY
from . import as_written

as_written("ConvBias", "ConvBiasForward", "ConvBiasForwardV4", "ConvBiasForwardV3", ranges=GEOMETRY)
as_written("Convolution", "Convolution", "ConvolutionV2", "ConvolutionV1", ranges=GEOMETRY)
as_written("RegionRestrictedConvolution", "RegionRestrictedConvolution", ranges=GEOMETRY)
as_written("BatchConvBias", "BatchConvBiasForward", "BatchConvBiasForwardV1", ranges=GEOMETRY)
as_written("Convolution3D", "Convolution3D", ranges=GEOMETRY)
as_written("DeformableConv", "DeformableConvForward", "DeformableConvForwardV1", ranges=GEOMETRY)
as_written("Local", "LocalV2", "LocalV1", "Local", ranges=GEOMETRY)
as_written("GroupLocal", "GroupLocalV2", "GroupLocalV1", "GroupLocal", ranges=GEOMETRY)
as_written("LocalShare", "LocalShareForward", "LocalShareForwardV1", ranges=GEOMETRY)
as_written("ConvolutionBackwardData", "ConvolutionBackwardData", "ConvolutionBackwardDataV2", ranges=GEOMETRY)
as_written("Convolution3DBackwardData", "Convolution3DBackwardData", ranges=GEOMETRY)
as_written(
    "Correlation",
    "CorrelationForward",
    "Correlation",
    ranges={"kernel_size": CELLS, "stride?": CELLS, "max_displacement": PADDING, "pad_size": PADDING},
)
