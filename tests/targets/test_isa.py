"""Records of instruction sets: what follows from lanes and registers, extensions, and mistakes in them."""

from __future__ import annotations

from typing import Any

import pytest
from mgecc.targets import TargetError, isa_names, load_target
from mgecc.targets.isa.facts import largest_tile
from mgecc.targets.isa.read import IsaError, make_isa, read_isa
from mgecc.targets.target import Target, target_names

SMALL = {"lanes": 4, "registers": 16}


@pytest.mark.parametrize(
    ("registers", "by_lane", "tile"),
    [(32, True, (10, 2)), (16, True, (4, 2)), (32, False, (14, 2)), (16, False, (6, 2)), (2, True, (1, 2))],
)
def test_the_largest_tile_fills_the_registers(registers: int, by_lane: bool, tile: tuple[int, int]) -> None:
    assert largest_tile(registers, by_lane) == tile
    rows, vectors = tile
    used = rows * vectors + vectors + (rows if by_lane else 1)
    assert used <= registers or rows == 1
    assert used + vectors + by_lane > registers


def test_measured_tiles_are_those_of_the_formula_where_the_record_gives_none() -> None:
    assert [read_isa(name).float32.tile for name in ("neon64", "neon32", "avx512", "avx2")] == [
        (10, 2), (4, 2), (14, 2), (6, 2),
    ]  # fmt: skip


def test_a_record_needs_lanes_and_registers_only() -> None:
    isa = make_isa("small", "small.yaml", SMALL)
    assert isa.block == {"float32": 4, "float16": 4, "qint8": 4, "quint8": 4}
    assert (isa.float32.tile, isa.float32.gemm_tile, isa.int8.tile) == ((6, 2), (6, 2), (4, 2))
    assert (isa.float32.inputs, isa.float32.inputs_per_load, isa.float16) == (4, 1, None)
    assert make_isa("one", "one.yaml", {"lanes": 1, "registers": 16}).block == {"qint8": 4, "quint8": 4}


def test_a_tile_that_is_given_is_that_of_the_other_kernels_too() -> None:
    simd = make_isa("small", "", SMALL | {"float32": {"tile": [3, 1], "gemm_tile": [2, 2]}}).float32
    assert (simd.flat_tile, simd.deep_tile, simd.first_tile, simd.gemm_tile) == ((3, 1),) * 3 + ((2, 2),)


def test_extensions_lie_over_the_record_by_feature_or_flag() -> None:
    record = SMALL | {
        "int8": {"costs": [1, 2, 3]},
        "extensions": [
            {"when": ["dot", "-mdot"], "int8": {"dot": True}},
            {"when": ["half"], "float16": {"header": "small_half"}},
        ],
    }
    plain, dot, half = (make_isa("small", "", record, has) for has in ((), ("-mdot",), ("half", "other")))
    assert (plain.int8.dot, dot.int8.dot, dot.int8.costs) == (False, True, (1.0, 2.0, 3.0))
    assert half.float16 is not None and half.float16.lanes == 8 and half.block["float16"] == 8


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"lanes": 4}, "small.yaml: needs 'registers:'"),
        ({"lanes": 0, "registers": 16}, "needs 'lanes:' with a number, 1 or more"),
        ({"lanes": True, "registers": 16}, "needs 'lanes:'"),
        (SMALL | {"tile": [1, 2]}, "unknown field 'tile'"),
        (SMALL | {"float": {}}, "did you mean float32"),
        (SMALL | {"float32": {"tiel": [1, 2]}}, "small.yaml: float32: unknown field 'tiel'; did you mean tile"),
        (SMALL | {"float32": {"tile": [1]}}, "float32: tile cannot be [1]; it is a list of 2"),
        (SMALL | {"float32": {"tile": "1x2"}}, "it is a list"),
        (SMALL | {"float32": {"tile": [1, 2.5]}}, "cannot be 2.5; it is of the kind int"),
        (SMALL | {"float32": {"prefetch": 1}}, "prefetch cannot be 1; it is of the kind bool"),
        (SMALL | {"float32": [1]}, "[1] stands where fields"),
        (SMALL | {"int8": {"requant": "fast"}}, "requant cannot be 'fast'; known: none, fixed, nearest, integer"),
        (SMALL | {"extensions": [{"int8": {}}]}, "an extension needs 'when:'"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_that_says_where_and_what_may_stand_there(record: Any, why: str) -> None:
    with pytest.raises(IsaError) as caught:
        make_isa("small", "small.yaml", record)
    assert why in str(caught.value) and "\n" not in str(caught.value)


def test_an_unknown_instruction_set_is_told_with_the_files_of_a_new_one() -> None:
    with pytest.raises(IsaError, match="did you mean neon64.*kernels/simd/neon6.h"):
        read_isa("neon6")


def _every_target() -> list[Target]:
    named = [load_target(name) for name in target_names()]
    return [*named, load_target("cortex-m55"), *(load_target("x86_64", cpu) for cpu in ("v2", "v3", "v4"))]


def test_every_record_is_of_some_target_and_every_target_has_one() -> None:
    assert {target.isa for target in _every_target()} == set(isa_names())


def test_a_target_of_an_unknown_instruction_set_says_so(tmp_path: Any) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: x86_64\nisa: altivec\n")
    with pytest.raises(TargetError, match="unknown instruction set 'altivec'.*targets/isa/altivec.yaml"):
        load_target(str(path))


def test_a_target_may_have_fewer_registers_than_its_instruction_set(tmp_path: Any) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: arm64\nregisters: 16\n")
    assert load_target(str(path)).facts.float32.tile == (4, 2)
