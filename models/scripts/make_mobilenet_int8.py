"""MobileNetV2 1.0 (ImageNet, torchvision's weights), int8, quantised after training.

Batch norm is folded and the ranges of neighbouring layers are equalised (which turns relu6 into relu; Nagel et al.,
"Data-Free Quantization Through Weight Equalization and Bias Correction", 2019); MegEngine's observers measure the
ranges on crops of photographs, then each bias is corrected by the mean error that rounding leaves behind.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import megengine as mge
import megengine.functional as F
import megengine.module as M
import megengine.quantization as Q
import numpy as np
from kit import mobilenet_v2
from kit.command import publish, run
from kit.mobilenet_v2 import Conv
from kit.pictures import calibration_photos, random_crops
from kit.torch_file import load_state_dict
from kit.weights import Weights, fill, fold_batch_norm, set_conv, set_linear
from megengine.quantization.observer import MinMaxObserver

CONFIG = {
    "description": "MobileNetV2 1.0, ImageNet classification, int8 (quantised after training)",
    "verify": {"max_steps": 1, "top": 5},
}
ROUNDS = 40
CROPS = 96
BATCH = 16


def equalised(weights: Weights, layers: list[Conv]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weight and bias of every convolution, batch norm folded, ranges equalised inside each block."""
    folded = [fold_batch_norm(weights[f"{c.weight}.weight"], weights, c.norm) for c in layers]
    pairs = [[w.astype(np.float64), b.astype(np.float64)] for w, b in folded]
    linked = [i for i in range(len(layers) - 1) if _linked(layers, i)]
    for _ in range(ROUNDS):
        for i in linked:
            _equalise(pairs[i], pairs[i + 1], layers[i + 1].groups > 1)
    return [(w.astype(np.float32), b.astype(np.float32)) for w, b in pairs]


def _linked(layers: list[Conv], i: int) -> bool:
    """Whether only layer i + 1 reads layer i, through a relu, so that a channel's scale may move between them."""
    return layers[i].activation and (i == 0 or layers[i].block == layers[i + 1].block)


def _equalise(first: list[np.ndarray], second: list[np.ndarray], depthwise: bool) -> None:
    """Move a factor per channel from one convolution to the next, so that both have the same largest weight."""
    range1 = np.abs(first[0]).max((1, 2, 3))
    range2 = np.abs(second[0]).max((1, 2, 3) if depthwise else (0, 2, 3))
    factor = np.sqrt(np.maximum(range1, 1e-8) / np.maximum(range2, 1e-8)).clip(1e-3, 1e3)
    first[0] = first[0] / factor[:, None, None, None]
    first[1] = first[1] / factor
    second[0] = second[0] * (factor[:, None, None, None] if depthwise else factor[None, :, None, None])


class MobileNetV2Int8(M.Module):
    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.layers = mobilenet_v2.convolutions()
        self.quant, self.dequant = M.QuantStub(), M.DequantStub()
        self.convs = []
        for layer, (weight, bias) in zip(self.layers, equalised(weights, self.layers), strict=True):
            kind = M.ConvRelu2d if layer.activation else M.Conv2d
            self.convs.append(kind(*layer.geometry, groups=layer.groups, bias=True))
            set_conv(self.convs[-1], weight, bias)
        self.adds = [M.Elemwise("add") for layer in self.layers if layer.ends_residual]
        self.fc = M.Linear(1280, 1000)
        set_linear(self.fc, weights, "classifier.1")

    def forward(self, x: Any) -> Any:
        x = self.quant(x)
        skip, block, adds = x, 0, iter(self.adds)
        for layer, conv in zip(self.layers, self.convs, strict=True):
            if layer.block != block:
                block, skip = layer.block, x
            x = conv(x)
            x = next(adds)(x, skip) if layer.ends_residual else x
        return self.dequant(self.fc(F.flatten(F.avg_pool2d(x, 7), 1)))


def quantised(net: MobileNetV2Int8, x: Any) -> MobileNetV2Int8:
    """Measure ranges on the crops ``x``, correct the biases, and turn the network into int8 operators."""
    config = Q.QConfig(
        weight_observer=lambda: MinMaxObserver(dtype="qint8_narrow"),
        act_observer=lambda: MinMaxObserver(dtype="qint8"),
        weight_fake_quant=lambda: Q.FakeQuantize(dtype="qint8_narrow"),
        act_fake_quant=lambda: Q.FakeQuantize(dtype="qint8"),
    )
    Q.quantize_qat(net, qconfig=config)
    net.eval()
    Q.disable_fake_quant(net)
    Q.enable_observer(net)
    for start in range(0, CROPS, BATCH):
        net(x[start : start + BATCH])
    Q.disable_observer(net)
    Q.enable_fake_quant(net)
    correct_biases(net, x)
    Q.quantize(net)
    return net


def correct_biases(net: MobileNetV2Int8, x: Any) -> None:
    """Layer by layer, run float and rounded side by side and move each bias by the mean difference per channel."""
    exact, rounded = x, net.quant(x)
    skips, block, adds = (exact, rounded), 0, iter(net.adds)
    for layer, conv in zip(net.layers, net.convs, strict=True):
        if layer.block != block:
            block, skips = layer.block, (exact, rounded)
        exact, rounded = _correct_bias(layer, conv, exact, rounded)
        if layer.ends_residual:
            exact, rounded = exact + skips[0], next(adds)(rounded, skips[1])


def _correct_bias(layer: Conv, conv: Any, exact: Any, rounded: Any) -> tuple[Any, Any]:
    geometry = (conv.stride, conv.padding, conv.dilation, conv.groups)
    before = mge.tensor(conv.bias.numpy())
    exact = F.conv2d(exact, conv.weight, before, *geometry)
    rounded = F.conv2d(rounded, conv.apply_quant_weight(conv.weight), before, *geometry)
    error = F.mean(exact - rounded, axis=(0, 2, 3)).numpy()
    fill(conv.bias, conv.bias.numpy() + error.reshape(conv.bias.shape))
    rounded = rounded + (conv.bias - before)
    if layer.activation:
        exact, rounded = F.relu(exact), F.relu(rounded)
    return exact, conv.apply_quant_activation(rounded)


def make(src: Path, out: Path) -> None:
    labels = json.loads((src / mobilenet_v2.CLASS_NAMES).read_text(encoding="utf-8"))
    crops = mobilenet_v2.prepare(random_crops(calibration_photos(src), CROPS, mobilenet_v2.SIZE, seed=0))
    net = MobileNetV2Int8(load_state_dict(src / mobilenet_v2.WEIGHTS))
    net.eval()
    quantised(net, mge.tensor(crops))
    publish(mobilenet_v2.model("mobilenet_int8", labels, CONFIG), net, mobilenet_v2.cases(src), out)


if __name__ == "__main__":
    run(__doc__, make)
