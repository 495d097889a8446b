"""ESRGAN-slim, pictures twice as large (residual dense network, TensorFlow.js weights), float32."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import megengine.functional as F
import megengine.module as M
import numpy as np
from kit.command import Model, publish, run
from kit.pictures import normalise, photo
from kit.weights import Weights, set_conv
from PIL import Image

SIDE = 96
MEAN, STD = [0.0] * 3, [255.0] * 3
SOURCE = "esrgan_slim/package/models/x2"

MODEL = Model(
    "esrgan",
    ["image"],
    {
        "description": "ESRGAN-slim, super resolution x2, float32",
        "licence": "MIT",
        "preprocess": {"input": "data", "size": [SIDE, SIDE], "colour": "RGB", "mean": MEAN, "std": STD},
        "verify": {"atol": 0.001},
    },
)


def load_weights(folder: Path, manifest: dict[str, Any]) -> dict[str, np.ndarray]:
    """float32 arrays of a TensorFlow.js model by name; they lie one behind the other in each group's files."""
    arrays = {}
    for group in manifest["weightsManifest"]:
        raw, offset = b"".join((folder / path).read_bytes() for path in group["paths"]), 0
        for entry in group["weights"]:
            if entry["dtype"] != "float32" or "quantization" in entry:
                raise ValueError(f"{entry['name']} is not plain float32")
            count = int(np.prod(entry["shape"]))
            arrays[entry["name"]] = np.frombuffer(raw, "<f4", count, offset).reshape(entry["shape"])
            offset += 4 * count
    return arrays


class Esrgan(M.Module):
    """Follows the Keras layers of the file."""

    def __init__(self, layers: list[dict[str, Any]], weights: Weights) -> None:
        super().__init__()
        self.plan = [_step(layer) for layer in layers]
        self.convs = {name: _conv(weights, name) for kind, name, _ in self.plan if kind == "Conv2D"}

    def forward(self, x: Any) -> Any:
        values: dict[str, Any] = {}
        for kind, name, sources in self.plan:
            inputs = [values[source] for source in sources] or [x]
            values[name] = self.convs[name](*inputs) if kind == "Conv2D" else RULES[kind](inputs)
        return values[self.plan[-1][1]]


def _step(layer: dict[str, Any]) -> tuple[str, str, list[str]]:
    """Kind and name of a layer, and the layers it reads."""
    nodes = layer["inbound_nodes"]
    return layer["class_name"], layer["name"], [source[0] for source in nodes[0]] if nodes else []


def _conv(weights: Weights, name: str) -> M.Conv2d:
    kernel = weights[f"{name}/kernel"]
    size, _, inputs, outputs = kernel.shape
    conv = M.Conv2d(inputs, outputs, size, padding=size // 2)
    set_conv(conv, kernel.transpose(3, 2, 0, 1), weights[f"{name}/bias"])
    return conv


RULES: dict[str, Callable[[list[Any]], Any]] = {
    "InputLayer": lambda x: x[0],
    "Activation": lambda x: F.relu(x[0]),
    "Concatenate": lambda x: F.concat(x, axis=1),
    "Add": lambda x: x[0] + x[1],
    "UpSampling2D": lambda x: F.vision.interpolate(x[0], scale_factor=2, mode="nearest"),
}


def cases(src: Path) -> dict[str, np.ndarray]:
    """One cut of the cat photograph at half size."""
    cut = photo(src, "chelsea").crop((100, 60, 292, 252)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return {"data": normalise(np.asarray(cut), MEAN, STD)[None, None]}


def make(src: Path, out: Path) -> None:
    folder = src / SOURCE
    manifest = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    layers = manifest["modelTopology"]["model_config"]["config"]["layers"]
    publish(MODEL, Esrgan(layers, load_weights(folder, manifest)), cases(src), out)


if __name__ == "__main__":
    run(__doc__, make)
