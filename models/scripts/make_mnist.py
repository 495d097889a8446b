"""Classifier of MNIST (28 x 28 grey), depthwise-separable; float32 from mnist_float_weights.npz, and int8.

The float weights come from train_mnist.py. Quantisation-aware training is not reproducible to the bit.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from kit.command import publish, run
from kit.small_cnn import Layer, Pictures, Recipe, Scaling, Training, load_float, make_both
from mgecc.config import load_cases

WEIGHTS = Path(__file__).with_name("mnist_float_weights.npz")
_DATA = "mnist/package/data"

RECIPE = Recipe(
    name="mnist",
    side=28,
    layers=[
        Layer(24, stride=2),
        Layer(24, depthwise=True),
        Layer(48, kernel=1),
        Layer(48, stride=2, depthwise=True),
        Layer(96, kernel=1),
        Layer(96, depthwise=True),
        Layer(96, kernel=1),
    ],
    scaling=Scaling(top=255, mean=33.3, std=78.6),
    config={
        "description": "Depthwise-separable CNN, MNIST",
        "licence": "weights: this project's; pictures: CC-BY-SA-3.0",
    },
    quantise_on=10240,
    quantise_with=Training(epochs=1, rate=1e-4, seed=1),
)


def load(src: Path, part: str) -> Pictures:
    """Pictures of ``train`` or ``t10k``; the files are idx: a header, then bytes."""
    pixels = np.frombuffer((src / _DATA / f"{part}-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
    classes = np.frombuffer((src / _DATA / f"{part}-labels-idx1-ubyte").read_bytes(), np.uint8, offset=8)
    return Pictures(pixels.reshape(-1, 28, 28), classes.astype(np.int32))


def make(src: Path, out: Path) -> None:
    make_both(
        RECIPE,
        (load(src, "train"), load(src, "t10k")),
        lambda net: load_float(net, load_cases(WEIGHTS)),
        lambda model, net, inputs, classes: publish(model, net, inputs, out, label=classes),
    )


if __name__ == "__main__":
    run(__doc__, make)
