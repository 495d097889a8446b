"""No damaged blob is run: everything is refused with a status, or opened without any access out of bounds."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutations import CRC, OK, Mutations
from tiny_program import tiny_program


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutate")


@pytest.fixture
def mutations(folder: Path) -> Mutations:
    return Mutations(tiny_program(), folder)


def test_every_truncation_is_refused(mutations: Mutations) -> None:
    mutations.check_truncations()


def test_every_changed_byte_is_refused(mutations: Mutations) -> None:
    counts = mutations.run("bytes")
    assert counts[OK] == 0 and sum(counts[:13]) == 255 * mutations.size
    assert counts[CRC] > 250 * (mutations.size - 20)


def test_with_a_right_checksum_no_changed_program_is_opened(mutations: Mutations) -> None:
    mutations.check_sealed()


def test_with_everything_forged_the_bounds_hold(mutations: Mutations) -> None:
    mutations.check_forged()
