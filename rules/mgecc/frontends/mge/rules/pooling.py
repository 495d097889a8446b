"""Pooling."""

from __future__ import annotations

from ..parameters import GEOMETRY
from . import as_written

as_written("Pooling", "PoolingV1", "Pooling", ranges=GEOMETRY)
as_written("AdaptivePooling", "AdaptivePoolingV1", "AdaptivePooling", ranges=GEOMETRY)
