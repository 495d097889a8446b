"""PP-OCRv4, reading lines of text: convolutions, attention and CTC over 6,625 characters, ONNX, float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from kit.command import Model, run
from kit.stored import publish_file
from mgecc.export_onnx import reference_cases
from PIL import Image, ImageDraw, ImageFont

FILE = "rapidocr/rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx"
FONT = "matplotlib/matplotlib/mpl-data/fonts/ttf/DejaVuSans.ttf"
HEIGHT, WIDTH, LINES = 48, 160, ("Firmware 4.7",)
MODEL = Model(
    "ppocr_rec",
    [],
    {
        "description": "PP-OCRv4 recognition, one line of text as 20 x 6625 probabilities, ONNX, float32",
        "licence": "Apache-2.0",
        "inputs": {"x": {"shape": [1, 3, HEIGHT, WIDTH]}},
        "preprocess": {"input": "x", "size": [HEIGHT, WIDTH], "mean": [127.5] * 3, "std": [127.5] * 3},
        "verify": {"rtol": 0.001, "atol": 0.0001},
    },
)


def line(src: Path, text: str) -> np.ndarray:
    """Black on white, as (3, 48, 160) numbers from -1 to 1."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    font = ImageFont.truetype(str(src / FONT), 20)
    ImageDraw.Draw(image).text((6, 12), text, "black", font)
    return np.asarray(image, np.float32).transpose(2, 0, 1) / np.float32(127.5) - 1


def make(src: Path, out: Path) -> None:
    given = {"x": np.stack([line(src, text) for text in LINES])[:, None]}
    digest = "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b"
    publish_file(MODEL, src / FILE, digest, given, reference_cases(src / FILE, given), out)


if __name__ == "__main__":
    run(__doc__, make)
