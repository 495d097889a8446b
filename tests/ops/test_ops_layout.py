"""Stored layouts hold the same numbers as the plain one."""

from __future__ import annotations

import numpy as np
import pytest
from handmade_nodes import run
from mgecc.ops import layout


@pytest.mark.parametrize(
    ("stored", "block"),
    [("nhwc", 1), ("nchwC", 4), ("nchwC", 8), ("nchwC", 32), ("nchwC", 64), ("chwnC", 4)],
)
def test_unpacking_undoes_packing(stored: str, block: int) -> None:
    x = np.arange(2 * 64 * 3 * 5).reshape(2, 64, 3, 5)
    np.testing.assert_array_equal(layout.unpack(layout.pack(x, stored, block), stored), x)


def test_the_inner_block_holds_neighbouring_channels():
    x = np.arange(8).reshape(1, 8, 1, 1)
    np.testing.assert_array_equal(layout.pack(x, "nchwC", 4).reshape(2, 4), [[0, 1, 2, 3], [4, 5, 6, 7]])


def test_relayout_fills_the_last_block_with_zeros_and_cuts_it_off_again():
    x = np.arange(1, 7, dtype="f4").reshape(1, 3, 1, 2)
    blocked = run("RelayoutFormat", {"source": "nchw", "target": "nchwC", "block": 4}, x)[0]
    assert blocked.shape == (1, 1, 1, 2, 4) and not blocked[..., 3].any()
    np.testing.assert_array_equal(
        run("RelayoutFormat", {"source": "nchwC", "target": "nchw", "channels": 3}, blocked)[0], x
    )


def test_relayout_to_chwn4_and_back():
    x = np.arange(2 * 2 * 3 * 5 * 4, dtype="f4").reshape(2, 2, 3, 5, 4)
    there = run("RelayoutFormat", {"source": "nchwC", "target": "chwnC", "block": 4}, x)[0]
    np.testing.assert_array_equal(there, x.transpose(1, 2, 3, 0, 4))
    np.testing.assert_array_equal(
        run("RelayoutFormat", {"source": "chwnC", "target": "nchwC", "block": 4}, there)[0], x
    )
