"""Speech embedding (Google, ONNX weights), what wake-word detectors put in front of a small head, float32.

76 frames of 32 log-mel energies become 96 numbers through 20 separable convolutions (1 x 3 and 3 x 1), LeakyReLU
followed by max(x, -0.4), and max pooling.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import megengine.functional as F
import megengine.module as M
import numpy as np
import onnx
from kit.command import Model, publish, run
from kit.sound import noise_and_hum, reading
from kit.weights import Weights, set_conv
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

SOURCE = "wakeword/livekit/wakeword/resources"
FRAMES, BANDS, SAMPLES, STEP = 76, 32, 32000, 40

MODEL = Model(
    "speech_embedding",
    ["embedding"],
    {
        "description": "Speech embedding for wake words, 96 numbers from 76 log-mel frames, float32",
        "licence": "Apache-2.0",
        "verify": {"atol": 0.01},
    },
)


def constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Initialisers and Constant nodes by name."""
    found = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return found


class SpeechEmbedding(M.Module):
    """Follows the file's operators, which stand in one line."""

    def __init__(self, model: onnx.ModelProto) -> None:
        super().__init__()
        values = constants(model)
        nodes = [node for node in model.graph.node if node.op_type in STEPS]
        self.kinds = [node.op_type for node in nodes]
        steps = [STEPS[node.op_type](node, values) for node in nodes]
        self.convs = [step for step in steps if isinstance(step, M.Conv2d)]
        self.numbers = [step for step in steps if not isinstance(step, M.Conv2d)]

    def forward(self, x: Any) -> Any:
        convs, numbers = iter(self.convs), iter(self.numbers)
        for kind in self.kinds:
            x = RULES[kind](x, next(convs if kind == "Conv" else numbers))
        return F.flatten(x, 1)


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}


def _conv(node: onnx.NodeProto, values: Weights) -> M.Conv2d:
    weight = values[node.input[1]]
    bias = values[node.input[2]] if len(node.input) > 2 else None
    top, left, bottom, right = _attributes(node).get("pads", [0, 0, 0, 0])
    if (top, left) != (bottom, right):
        raise ValueError(f"{node.name}: padding differs between sides")
    outputs, inputs = weight.shape[:2]
    conv = M.Conv2d(inputs, outputs, weight.shape[2:], padding=(top, left), bias=bias is not None)
    set_conv(conv, weight, bias)
    return conv


STEPS: dict[str, Callable[[onnx.NodeProto, Weights], Any]] = {
    "Conv": _conv,
    "LeakyRelu": lambda node, values: float(_attributes(node)["alpha"]),
    "Max": lambda node, values: float(values[node.input[1]].reshape(())),
    "MaxPool": lambda node, values: tuple(_attributes(node)["kernel_shape"]),
}
RULES: dict[str, Callable[[Any, Any], Any]] = {
    "Conv": lambda x, conv: conv(x),
    "LeakyRelu": F.leaky_relu,
    "Max": F.maximum,
    "MaxPool": lambda x, window: F.max_pool2d(x, window, window),
}


def cases(src: Path) -> dict[str, np.ndarray]:
    """Three windows of speech and three of noise, through the package's own front end (x / 10 + 2)."""
    front_end = ReferenceEvaluator(onnx.load(str(src / SOURCE / "melspectrogram.onnx")))
    speech, noise = reading(src).reshape(-1)[:SAMPLES], np.tile(noise_and_hum()[:4].reshape(-1), 3)[:SAMPLES]
    windows = []
    for samples in (speech, noise):
        raw = front_end.run(None, {"input": samples.astype(np.float32)[None]})[0]
        mel = np.asarray(raw, np.float32).reshape(-1, BANDS) / 10 + 2
        windows += [mel[i * STEP : i * STEP + FRAMES] for i in range(3)]
    return {"mel": np.stack(windows).astype(np.float32)[:, None, None]}


def make(src: Path, out: Path) -> None:
    publish(MODEL, SpeechEmbedding(onnx.load(str(src / SOURCE / "embedding_model.onnx"))), cases(src), out)


if __name__ == "__main__":
    run(__doc__, make)
