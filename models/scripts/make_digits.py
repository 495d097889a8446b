"""Classifier of the UCI digits (8 x 8 grey), trained here; float32 and int8.

Every fifth picture is for testing (359), the rest for training (1438). Training is not reproducible to the bit.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from kit.command import publish, run
from kit.small_cnn import Layer, Pictures, Recipe, Scaling, Training, make_both, train

RECIPE = Recipe(
    name="digits",
    side=8,
    layers=[Layer(16), Layer(32, stride=2), Layer(32), Layer(48, stride=2)],
    scaling=Scaling(top=16, mean=4.9, std=6.0),
    config={
        "description": "Four-layer CNN, UCI digits",
        "licence": "weights: this project's; pictures: CC-BY-4.0",
    },
    quantise_on=1438,
    quantise_with=Training(epochs=15, rate=2e-4, seed=1),
)


def load(src: Path) -> tuple[Pictures, Pictures]:
    """Training and test pictures."""
    with gzip.open(src / "sklearn/sklearn/datasets/data/digits.csv.gz") as file:
        table = np.loadtxt(file, delimiter=",")
    pixels, classes = table[:, :-1].reshape(-1, 8, 8).astype(np.uint8), table[:, -1].astype(np.int32)
    test = np.arange(len(pixels)) % 5 == 4
    return Pictures(pixels[~test], classes[~test]), Pictures(pixels[test], classes[test])


def make(src: Path, out: Path) -> None:
    sets = load(src)
    float_training = Training(epochs=60, rate=4e-3, seed=0)
    make_both(
        RECIPE,
        sets,
        lambda net: train(net, sets[0], RECIPE.scaling, float_training),
        lambda model, net, inputs, classes: publish(model, net, inputs, out, label=classes),
    )


if __name__ == "__main__":
    run(__doc__, make)
