"""Pictures as model inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from mgecc.config import InputConfig, Preprocess
from mgecc.errors import InputError

MAX_PIXELS = 1 << 26


Tell = Callable[[str], object]


def load_picture(
    path: Path, how: Preprocess, form: InputConfig | None = None, tell: Tell = lambda _text: None
) -> np.ndarray:
    """A picture file as the array the model wants: float32 in the layout of ``how`` unless ``form`` says otherwise.

    A picture of another size is stretched or squeezed, and ``tell`` gets a line about it. Raises InputError.
    """
    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise InputError(f"{path}: larger than {MAX_PIXELS} pixels")
            pixels = image.convert("L" if how.channels == 1 else "RGB")
    except OSError as error:
        raise InputError(f"{path}: not a picture that can be read: {error}") from None
    height, width = how.size
    if pixels.size != (width, height):
        tell(f"{path}: {pixels.width}x{pixels.height} pixels are resized to {width}x{height}")
    array = np.asarray(pixels.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)
    return in_form(array.reshape(height, width, how.channels), how, form or InputConfig())


def in_form(pixels: np.ndarray, how: Preprocess, form: InputConfig) -> np.ndarray:
    """Pixels [H, W, C] as an input; they stay as they are where the model normalises them itself."""
    if form.normalizes:
        how = replace(how, mean=(), std=(), scale=1.0)
    values = normalize(pixels, how)
    if form.layout == "NHWC" and how.layout == "NCHW":
        values = np.ascontiguousarray(values.transpose(0, 2, 3, 1))
    dtype = np.dtype(form.dtype or "float32")
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        values = np.clip(np.rint(values), limits.min, limits.max)
    return values.astype(dtype)


def normalize(pixels: np.ndarray, how: Preprocess) -> np.ndarray:
    """(pixel * scale - mean) / std: pixels [H, W, C] to [1, C, H, W], or [1, H, W, C] where that is the layout."""
    mean = np.asarray(how.mean or [0.0] * how.channels, dtype=np.float32)
    std = np.asarray(how.std or [1.0] * how.channels, dtype=np.float32)
    values = (pixels * np.float32(how.scale) - mean) / std
    planes = values if how.layout == "NHWC" else values.transpose(2, 0, 1)
    return np.ascontiguousarray(planes[None], dtype=np.float32)
