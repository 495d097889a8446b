"""Windows taken apart and put together."""

from __future__ import annotations

from ..parameters import GEOMETRY
from . import as_written

as_written("Images2Neibs", "Images2Neibs", ranges=GEOMETRY)
as_written("SlidingWindowTranspose", "SlidingWindowTranspose", ranges=GEOMETRY)
