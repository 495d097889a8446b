"""BlazeFace for back cameras: faces in pictures of 256 x 256, ONNX with channels last, float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from kit.command import Model, run
from kit.pictures import photo
from kit.stored import publish_file
from mgecc.export_onnx import reference_cases
from PIL import Image

FILE = "facelib/face_lib/face_detection_back_256x256.onnx"
SIDE = 256
MODEL = Model(
    "blazeface_back",
    [],
    {
        "description": "BlazeFace for back cameras, face detector with 896 anchors, ONNX, float32",
        "licence": "MIT",
        "preprocess": {
            "input": "input:0",
            "size": [SIDE, SIDE],
            "layout": "NHWC",
            "mean": [127.5] * 3,
            "std": [127.5] * 3,
        },
        "verify": {"rtol": 0.001, "atol": 0.001},
    },
)


def cases(src: Path) -> np.ndarray:
    """A photograph with a face, and one without: [-1, 1], channels last."""
    views = [photo(src, "astronaut"), photo(src, "coffee").crop((100, 0, 500, 400))]
    pixels = [np.asarray(v.resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32) for v in views]
    return np.stack(pixels)[:, None] / np.float32(127.5) - 1


def make(src: Path, out: Path) -> None:
    given = {"input:0": cases(src)}
    digest = "2c71129899692127032b17c6a41bf4ef4c73f819817ead0721e838a646a246cf"
    publish_file(MODEL, src / FILE, digest, given, reference_cases(src / FILE, given), out)


if __name__ == "__main__":
    run(__doc__, make)
