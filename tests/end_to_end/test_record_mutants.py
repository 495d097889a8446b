"""Records of every operator with one thing changed compile or are refused with a reason, in bounded time and memory.

MGECC_MUTANTS=N tries N mutants, spread over the operators: records with one and with several things changed, and
damaged bytes. With MGECC_RANDOM_SEED they are others. ``pytest -s`` shows how many were accepted.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mutants
import numpy as np
import pytest
from attack import TARGETS, UNEXPLAINED, Attack
from mgecc import ops
from mgecc.config import ModelConfig
from mgecc.frontends.mge import types_of
from mgecc.graph import DType
from mgecc.ops.signature import signature
from mgecc.toolrun.products import compile_products

OPERATORS = [operator for operator in ops.operators() if types_of(operator.name)]
COUNT = int(os.environ.get("MGECC_MUTANTS", "0"))
SEED = os.environ.get("MGECC_RANDOM_SEED", "")


@pytest.fixture(scope="module")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    made = Attack(tmp_path_factory.mktemp("mutants") / "mutant.mge")
    yield made
    print(f"\n{made}", end=" ")


def sampled(name: str, rng: random.Random) -> Iterator[mutants.Case]:
    """True cases of an operator, and mutants of them: all of operands' numbers, some of the others."""
    operator = ops.find(name)
    cases = mutants.cases_of(operator, 8 if COUNT else 2)
    rng.shuffle(cases)
    if not COUNT:
        yield cases[0]
        yield from (replace(cases[0], operands=o) for o in _counts(cases[0]))
        yield from rng.sample(list(mutants.mutants(cases[-1])), 8)
        return
    for k in range(COUNT // (2 * len(OPERATORS))):
        yield mutants.several(cases[k % len(cases)], rng, 1 + k % 3)


def _counts(case: mutants.Case) -> list[tuple[mutants.Operand, ...]]:
    """One operand less, one more."""
    return [case.operands[:-1], (*case.operands, *case.operands[:1])]


@pytest.mark.parametrize("name", [operator.name for operator in OPERATORS])
def test_changed_records_compile_or_are_refused_with_a_reason(name: str, attack: Attack) -> None:
    rng = random.Random(f"{name}{SEED}")
    for number, case in enumerate(sampled(name, rng)):
        said = attack.compile(case.model(), TARGETS[number % 4], str(case))
        assert UNEXPLAINED not in said, f"{said}\n{case}"
        if COUNT:
            attack.compile(mutants.damaged(case.model(), rng), TARGETS[number % 4], f"damaged {case}")


@pytest.mark.parametrize("name", [operator.name for operator in OPERATORS])
def test_records_with_too_many_or_too_few_operands_are_refused_by_their_number(
    name: str, attack: Attack
) -> None:
    operator = ops.find(name)
    form = signature(operator.operands)
    for case in mutants.cases_of(operator, 1):
        for operands in _counts(case):
            if form.kinds_of(len(operands)) is None:
                said = attack.compile(replace(case, operands=operands).model(), "x86_64", str(case))
                assert f"it has {len(operands)} operands, not {form.count}; " in said


def test_every_operator_that_files_have_states_its_operands() -> None:
    assert [operator.name for operator in OPERATORS if operator.operands == ops.Operator.operands] == []


def test_most_operators_have_a_true_record_to_start_from() -> None:
    assert [o.name for o in OPERATORS if not mutants.cases_of(o, 1)] == []


@pytest.mark.parametrize(
    ("value", "kind", "filling"),
    [
        (float("inf"), "int32", 2147483647),
        (-1e30, "int8", -128),
        (float("nan"), "int32", 0),
    ],
)
def test_integers_are_filled_with_what_their_type_stores(
    value: float, kind: str, filling: int, tmp_path: Path
) -> None:
    x = mutants.Operand((3, 4), DType(kind))
    case = mutants.Case("MaskedFill", (x, mutants.Operand((3,), DType("bool"))), {"value": value})
    (tmp_path / "net.mge").write_bytes(case.model())
    config = ModelConfig(tmp_path / "net.mge", "net", tmp_path / "net.mge")
    text = compile_products(config, "x86_64").files["net_kernels.c"].decode()
    assert f"mg_vi_set1({filling})" in text


def test_bytes_of_any_number_of_channels_take_little_memory(attack: Attack) -> None:
    x = mutants.Operand((1, 2**31 - 1, 1, 1), DType("qint8", 0.1))
    shape = mutants.Operand((2,), DType("int32"), np.array([1, 2**31 - 1], np.int32))
    case = mutants.Case("ReshapeV1", (x, shape), {"axis": 7})
    attack.compile(case.model(), "baremetal", str(case))
