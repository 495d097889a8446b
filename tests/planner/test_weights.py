"""The weight section: equal contents once, alignment kept, several programs over one section."""

import numpy as np
from mgecc.kernels import Const
from mgecc.planner.weights import WeightSection


def test_equal_contents_are_stored_once() -> None:
    section = WeightSection()
    first = section.add_array(np.arange(8, dtype=np.float32))
    second = section.add(Const(lambda: np.arange(8, dtype=np.float32)))
    assert first == second
    assert len(section.bytes()) == 32


def test_alignment_is_kept() -> None:
    section = WeightSection()
    section.add_array(np.zeros(3, np.uint8))
    ref = section.add_array(np.ones(4, np.float32), align=64)
    assert ref.offset % 64 == 0
    assert section.bytes()[ref.offset : ref.offset + 16] == np.ones(4, np.float32).tobytes()


def test_a_constant_is_packed_once() -> None:
    calls = []
    const = Const(lambda: calls.append(1) or np.zeros(4, np.float32))  # type: ignore[func-returns-value]
    section = WeightSection()
    assert section.add(const) == section.add(const)
    assert len(calls) == 1


def test_vectors_do_not_reach_over_lines() -> None:
    section = WeightSection(vector=64)
    places = [section.add_array(np.full(count, count, np.float32)).offset for count in (3, 16, 5, 40, 17)]
    assert places == [0, 64, 128, 192, 384]
