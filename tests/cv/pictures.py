"""Pictures that are the same everywhere, from a seed."""

from collections.abc import Sequence

import numpy as np

KINDS = ("noise", "extremes", "ramp")


def picture(seed: int, kind: str, shape: Sequence[int], dtype: str) -> np.ndarray:
    """Bytes, or numbers from 0 to 255 in half or from 0 to 1 in single precision. The old generator never changes."""
    rows, cols, channels = shape
    random = np.random.RandomState(seed)
    if kind == "ramp":
        y, x, c = np.mgrid[:rows, :cols, :channels]
        values = (x * 3 + y * (c + 1) + seed) % 256
    else:
        values = random.randint(0, 256, (rows, cols, channels))
        values = values if kind == "noise" else (values > 127) * 255
    if dtype == "f32":
        return (values / 255).astype(np.float32)
    return values.astype(np.float16 if dtype == "f16" else np.uint8)
