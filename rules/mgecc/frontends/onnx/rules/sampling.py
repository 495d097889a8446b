"""Reading between elements, and at places that are stated or computed."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.graph import Unsupported
from mgecc.ops.grid_sample import GridSampleAttrs

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
