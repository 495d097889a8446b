"""Writing into parts of data where what is there already counts: products, smallest and largest numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mgecc.graph import Node
from mgecc.ops import counted_parts as parts
from mgecc.ops.index_items import IndexAttrs
from mgecc.ops.indexing import Write, take_vec, vec_shape
from mgecc.ops.registry import operator

_COMBINE = {"mul": np.multiply, "min": np.minimum, "max": np.maximum}


@dataclass(frozen=True)
class ScatterReduceAttrs(IndexAttrs):
    """``mode``: what becomes of the number that is there and the one that is written."""

    mode: Literal["mul", "min", "max"]


@operator("IndexingReduceMultiAxisVec")
class IndexingReduceMultiAxisVec(Write):
    """A copy of the data whose part that index arrays address is combined with 'value' (input 1, stretched).

    One element after the other, so that one that is addressed twice gets both. NaN stays, and is taken over.
    """

    Attributes = ScatterReduceAttrs
    limits = "int32 where indices are computed; float32 and plain integers"

    take = staticmethod(take_vec)
    shape = staticmethod(vec_shape)
    counted = staticmethod(parts.write_counted)
    lowered = staticmethod(parts.write_lowered)

    @classmethod
    def put(cls, node: Node, data: np.ndarray, places: np.ndarray, value: np.ndarray) -> None:
        _COMBINE[node.attributes(ScatterReduceAttrs).mode].at(data, places, value)
