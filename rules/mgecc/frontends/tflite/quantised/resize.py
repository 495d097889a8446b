"""Changes of image sizes, of quantised bytes."""

from __future__ import annotations

from collections.abc import Sequence

from mgecc.graph import Unsupported
from mgecc.ops.fixed_resize import BITS, FixedResizeAttrs

from ..images import channels_first, channels_last
from . import Tensor, TensorBuilder, TfliteNode, result_type, rule


@rule("FixedResize", "RESIZE_BILINEAR")
def bilinear(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Steps are rounded. Source: ResizeBilinearInteger of reference/resize_bilinear.h."""
    x, size = node.operand(0), node.operand(1).integers
    aligned, centred = bool(node.get("align_corners")), bool(node.get("half_pixel_centers"))
    result_type(node)
    if len(size) != 2 or min(size) < 1 or x.rank != 4 or (aligned and centred):
        raise Unsupported(f"images of shape {list(x.shape)} cannot be resized to {size} like that")
    steps = tuple(_step(source, target, aligned) for source, target in zip(x.shape[1:3], size))
    attrs = FixedResizeAttrs((size[0], size[1]), (steps[0], steps[1]), centred)
    return [channels_last(t, t.one("FixedResize", attrs, channels_first(t, x)))]


def _step(source: int, target: int, aligned: bool) -> int:
    last = int(aligned and target > 1)
    return ((source - last) * (1 << BITS) + (target - last) // 2) // (target - last)
