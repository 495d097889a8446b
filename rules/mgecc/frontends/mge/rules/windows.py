"""Windows taken apart and put together."""

from __future__ import annotations

from mgecc.ops.sliding_window import SlidingWindowAttrs, WindowSumAttrs

from ..parameters import moves
from . import Params, attributes


@attributes("Images2Neibs", "Images2Neibs")
def images_to_neighbourhoods(params: Params) -> SlidingWindowAttrs:
    return SlidingWindowAttrs(window=(params["window_h"], params["window_w"]), **moves(params))


@attributes("SlidingWindowTranspose", "SlidingWindowTranspose")
def sliding_window_transpose(params: Params) -> WindowSumAttrs:
    window, size = ((params[f"{word}_h"], params[f"{word}_w"]) for word in ("window", "out"))
    return WindowSumAttrs(window=window, size=size, **moves(params))
