"""Pictures: reading, cropping and turning into network inputs. All are RGB, 8 bits, height x width x 3."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

# Photographs that may be passed on (CC0 or public domain), by the source package that carries them.
_SKIMAGE = "skimage/skimage/data"
_FREE = {
    "chelsea": f"{_SKIMAGE}/chelsea.png",
    "coffee": f"{_SKIMAGE}/coffee.png",
    "rocket": f"{_SKIMAGE}/rocket.jpg",
    "astronaut": f"{_SKIMAGE}/astronaut.png",
}
# Further ones that are only used for calibration.
_CALIBRATION = {
    "motorcycle": f"{_SKIMAGE}/motorcycle_left.png",
    "grace_hopper": "matplotlib/matplotlib/mpl-data/sample_data/grace_hopper.jpg",
    "china": "sklearn/sklearn/datasets/images/china.jpg",
    "flower": "sklearn/sklearn/datasets/images/flower.jpg",
}


def photo(src: Path, name: str) -> Image.Image:
    """One of the photographs that may be passed on."""
    return Image.open(src / _FREE[name]).convert("RGB")


def calibration_photos(src: Path) -> list[Image.Image]:
    """All photographs, for measuring ranges."""
    return [Image.open(src / path).convert("RGB") for path in (_FREE | _CALIBRATION).values()]


def centre_crop(image: Image.Image, size: int, short_side: int) -> np.ndarray:
    """Scale the short side to ``short_side``, then cut the middle ``size`` x ``size``."""
    factor = short_side / min(image.size)
    width, height = (max(size, round(side * factor)) for side in image.size)
    x, y = (width - size) // 2, (height - size) // 2
    scaled = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(scaled.crop((x, y, x + size, y + size)))


def random_crops(images: list[Image.Image], count: int, size: int, seed: int) -> np.ndarray:
    """Square cuts of 40 to 100 % of the short side, half of them mirrored, scaled to ``size``."""
    generator = np.random.RandomState(seed)
    return np.stack([_random_crop(images[i % len(images)], size, generator) for i in range(count)])


def _random_crop(image: Image.Image, size: int, generator: np.random.RandomState) -> np.ndarray:
    width, height = image.size
    side = int(min(width, height) * generator.uniform(0.4, 1.0))
    x, y = generator.randint(0, width - side + 1), generator.randint(0, height - side + 1)
    cut = image.crop((x, y, x + side, y + side)).resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(cut)
    return pixels[:, ::-1] if generator.rand() < 0.5 else pixels


def normalise(pixels: np.ndarray, mean: list[float], std: list[float]) -> np.ndarray:
    """(..., height, width, channels) bytes -> (..., channels, height, width) float32: (pixel - mean) / std."""
    values = (np.asarray(pixels, np.float32) - np.float32(mean)) / np.float32(std)
    return np.ascontiguousarray(np.moveaxis(values, -1, -3))
