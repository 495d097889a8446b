"""MobileNetV2 1.0 (ImageNet, torchvision's weights), float32; convolution, batch norm and relu6 stay separate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import megengine.functional as F
import megengine.module as M
from kit import mobilenet_v2
from kit.command import publish, run
from kit.torch_file import load_state_dict
from kit.weights import Weights, set_batch_norm, set_conv, set_linear

CONFIG = {
    "description": "MobileNetV2 1.0, ImageNet classification, float32",
    "verify": {"atol": 0.001, "top": 5},
}


class MobileNetV2(M.Module):
    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.layers = mobilenet_v2.convolutions()
        self.convs = [M.Conv2d(*c.geometry, groups=c.groups, bias=False) for c in self.layers]
        self.norms = [M.BatchNorm2d(c.outputs) for c in self.layers]
        for layer, conv, norm in zip(self.layers, self.convs, self.norms, strict=True):
            set_conv(conv, weights[f"{layer.weight}.weight"])
            set_batch_norm(norm, weights, layer.norm)
        self.fc = M.Linear(1280, 1000)
        set_linear(self.fc, weights, "classifier.1")

    def forward(self, x: Any) -> Any:
        skip, block = x, 0
        for layer, conv, norm in zip(self.layers, self.convs, self.norms, strict=True):
            if layer.block != block:
                block, skip = layer.block, x
            x = norm(conv(x))
            x = F.relu6(x) if layer.activation else x
            x = x + skip if layer.ends_residual else x
        return self.fc(F.flatten(F.avg_pool2d(x, 7), 1))


def make(src: Path, out: Path) -> None:
    labels = json.loads((src / mobilenet_v2.CLASS_NAMES).read_text(encoding="utf-8"))
    net = MobileNetV2(load_state_dict(src / mobilenet_v2.WEIGHTS))
    publish(mobilenet_v2.model("mobilenet", labels, CONFIG), net, mobilenet_v2.cases(src), out)


if __name__ == "__main__":
    run(__doc__, make)
