"""Records of every operator with one thing changed compile or are refused with a reason, in bounded time and memory.

MGECC_MUTANTS=N tries N mutants, spread over the operators: records with one and with several things changed, and
damaged bytes. With MGECC_RANDOM_SEED they are others. ``pytest -s`` shows how many were accepted.
"""

from __future__ import annotations

import os
import random
import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mutants
import numpy as np
import pytest
from mgecc import interpret, ops
from mgecc.config import ModelConfig
from mgecc.errors import InputError
from mgecc.frontends.mge import types_of
from mgecc.graph import DType
from mgecc.lowering import load_graph
from mgecc.ops.signature import signature
from mgecc.toolrun.products import compile_products, user_errors

OPERATORS = [operator for operator in ops.operators() if types_of(operator.name)]
TARGETS = ("x86_64", "arm64", "armv7", "baremetal")
COUNT = int(os.environ.get("MGECC_MUTANTS", "0"))
SEED = os.environ.get("MGECC_RANDOM_SEED", "")
MOST_SECONDS = 10
MOST_KILOBYTES = 1 << 20
UNEXPLAINED = "its parameters and inputs do not fit together"


class Attack:
    """Compiles one model after another and counts what becomes of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: Counter[str] = Counter()
        self.seconds = 0.0
        self.memory = 0

    def compile(self, data: bytes, target: str, what: str) -> str:
        """The message of a refusal, or nothing; fails where it takes too much time or memory."""
        self.path.write_bytes(data)
        before, start = _peak(), time.process_time()
        said = self._said(target, what)
        seconds, memory = time.process_time() - start, _peak() - before
        assert seconds < MOST_SECONDS and memory < MOST_KILOBYTES, f"{seconds:.1f} s, {memory} KiB: {what}"
        self.seconds, self.memory = max(self.seconds, seconds), max(self.memory, _peak())
        self.counts["refused" if said else "accepted"] += 1
        return said

    def _said(self, target: str, what: str) -> str:
        config = ModelConfig(self.path, "mutant", self.path)
        try:
            compile_products(config, target)
            self._interpret(config)
        except InputError as error:
            assert str(error).strip()
            return str(error)
        except Exception as error:
            raise AssertionError(f"{type(error).__name__} for {target}: {what}") from error
        return ""

    @staticmethod
    def _interpret(config: ModelConfig) -> None:
        with user_errors(config):
            graph = load_graph(config)
        if sum(float(np.prod([float(n) for n in value.shape])) for value in graph.values()) < 4000:
            try:
                interpret.run(graph, {v.name: np.ones(v.shape, v.type.dtype.numpy) for v in graph.inputs})
            except interpret.InterpretError as error:
                assert str(error)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.fixture(scope="module")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    made = Attack(tmp_path_factory.mktemp("mutants") / "mutant.mge")
    yield made
    print(f"\n{dict(made.counts)}; longest {made.seconds:.2f} s, peak {made.memory >> 10} MiB", end=" ")


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
