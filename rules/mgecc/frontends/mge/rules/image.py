"""Images: colours, turns, warps, sizes."""

from __future__ import annotations

from mgecc.graph.attributes import FINITE

from . import as_written

as_written("CvtColor", "CvtColor")
as_written("Flip", "Flip")
as_written("Rotate", "Rotate")
as_written("GaussianBlur", "GaussianBlur", ranges={"sigma_*": FINITE})
as_written("WarpPerspective", "WarpPerspectiveV2", "WarpPerspectiveV1", "WarpPerspective")
as_written("WarpAffine", "WarpAffineV2", "WarpAffineV1", "WarpAffine")
as_written("Remap", "RemapV1", "Remap")
as_written("Resize", "ResizeV2", "ResizeV1", "Resize")
as_written("Resize3D", "Resize3D")
