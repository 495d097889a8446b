"""MobileNetV1 1.0, 224 x 224, with float16 weights and values."""

from __future__ import annotations

from .mobilenet_v1 import INPUT, build

CONFIG = {"options": {"enable_ioc16": True}}
TOLERANCE = {"max_abs_of_peak": 0.02}

__all__ = ["CONFIG", "INPUT", "TOLERANCE", "build"]
