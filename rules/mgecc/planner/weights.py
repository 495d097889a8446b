"""The weight section: packed constants, each content once, in order of first use."""

from __future__ import annotations

import bisect
import gc
import hashlib
from collections.abc import Iterable

import numpy as np

from mgecc.graph.symbolic import Undecided
from mgecc.kernels.base import Const
from mgecc.planner.program import Ref

# Bytes: a collection takes as long as compiling a small model.
_WORTH_COLLECTING = 16 << 20


class WeightSection:
    """Collects constants and says where they lie: those that are large enough on multiples of ``vector`` bytes."""

    def __init__(self, vector: int = 16) -> None:
        self.vector = vector
        self._pieces: list[bytes | memoryview] = []
        self._end = 0
        self._places: dict[str, int] = {}
        self._sizes: dict[int, int] = {}
        self._begins: list[int] = []
        self._refs: dict[Const, Ref] = {}

    def add(self, const: Const) -> Ref:
        """Place of a packed constant; packs it on first use."""
        if const not in self._refs:
            self._refs[const] = self.add_array(const.pack(), const.align)
        return self._refs[const]

    def add_array(self, array: np.ndarray, align: int = 16) -> Ref:
        """Place of an array's bytes; equal content is stored once."""
        if array.dtype == object:
            raise Undecided("a tensor of the model has other numbers for other sizes")
        # Not a copy: constants may be all there is of a model.
        raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        # Vectors that reach from one line of a cache into the next take two loads.
        align = max(align, self.vector) if len(raw) >= self.vector else align
        key = f"{hashlib.sha256(raw).hexdigest()}/{align}"
        if key not in self._places:
            gap = bytes(-self._end % align)
            self._pieces += [gap, raw]
            self._places[key] = self._end + len(gap)
            self._sizes[self._places[key]] = len(raw)
            self._begins.append(self._places[key])
            self._end = self._places[key] + len(raw)
        return Ref("weights", self._places[key])

    def begin(self, ref: Ref) -> int:
        """Where the constant begins that a place lies in: calls for threads read parts of constants."""
        return self._begins[bisect.bisect_right(self._begins, ref.offset) - 1]

    def size(self, begins: Iterable[int]) -> int:
        """Bytes of the constants that begin at these offsets."""
        return sum(self._sizes[begin] for begin in begins)

    def bytes(self) -> bytes:
        """The whole section, of which there is then one copy only.

        Its constants are forgotten before it is put together, and with them the graphs, whose nodes and values refer
        to each other: only a collection frees those and their weights.
        """
        self._refs.clear()
        if self._end >= _WORTH_COLLECTING:
            gc.collect()
        whole = b"".join(self._pieces)
        self._pieces = [whole]
        return whole
