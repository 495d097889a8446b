"""ResNet18, 224 x 224, int8: symmetric, one scale a tensor."""

from __future__ import annotations

from ._net import Quantised
from .resnet18 import INPUT, build

KIND = Quantised

__all__ = ["INPUT", "KIND", "build"]
