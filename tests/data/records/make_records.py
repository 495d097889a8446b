"""Writes models of records that no stored MegEngine model has: run it in its folder."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1] / "frontends"), str(HERE.parents[1] / "common")]

from mge_writer import MgeFile

GEOMETRY = {"pad_h": 1, "pad_w": 1}


def local() -> bytes:
    """Weights (oh, ow, i, h, w, o)."""
    m = MgeFile()
    x, w = m.input("x", 1, 2, 4, 4), m.constant(np.ones((4, 4, 2, 3, 3, 3), np.float32), "w")
    return m.bytes(m.record("LocalV2", [x, w], "y", **GEOMETRY))


def local_share() -> bytes:
    """Weights (areas down, areas across, i, h, w, o)."""
    m = MgeFile()
    x, w = m.input("x", 1, 2, 4, 4), m.constant(np.ones((2, 2, 2, 3, 3, 3), np.float32), "w")
    return m.bytes(m.record("LocalShareForward", [x, w], "y", **GEOMETRY))


def added_rows() -> bytes:
    """Rows named by constant numbers get something added, once and in a batch."""
    m = MgeFile()
    x, more = m.input("x", 5, 3), m.input("more", 2, 3)
    rows = m.constant(np.array([1, -1], np.int32), "rows")
    items = [(0, False, False, False, True)]
    y = m.record("IndexingIncrMultiAxisVec", [x, more, rows], "y", items=items)
    return m.bytes(m.record("IncrMeshIndexing", [y, more, rows], "z", items=items))


for make in (local, local_share, added_rows):
    (HERE / f"{make.__name__}.mge").write_bytes(make())
