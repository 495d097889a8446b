"""Parameters of records outside of their ranges are refused by name; the names of types come of the tables."""

from __future__ import annotations

import pytest
from mgecc import ops
from mgecc.frontends.mge import DTypeInfo
from mgecc.frontends.mge.parameters import check_ranges, dtype_of
from mgecc.frontends.mge.rules import RULES, default_parameters
from mgecc.frontends.mge.tables import operators_by_name
from mgecc.graph import Range, Unsupported


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1.0, 7.5])
def test_parameters_outside_of_their_range_are_refused_by_name(number: float) -> None:
    with pytest.raises(Unsupported, match="its parameter eps_a is .*, numbers from 0 to 7 are served"):
        check_ranges({"eps*": Range(0.0, 7.0)}, {"eps_a": number, "other": number})
    check_ranges({"eps*": Range(0.0, 7.0)}, {"eps_a": 7.0, "eps_mode": "MAX"})


@pytest.mark.parametrize("operator", [o.name for o in ops.operators() if RULES.types_of(o.name)])
def test_a_rule_reads_a_record_that_the_tables_know(operator: str) -> None:
    assert set(RULES.types_of(operator)) & set(operators_by_name())
    assert isinstance(default_parameters(operator), dict)


def test_every_rule_names_an_operator_that_there_is() -> None:
    assert [
        rule for rule in map(RULES.get, operators_by_name()) if rule and not ops.find(rule.operator)
    ] == []


def test_types_without_arithmetic_are_refused_by_name() -> None:
    assert dtype_of(DTypeInfo("bfloat16")).name == "float32"
    with pytest.raises(Unsupported, match="data of type complex64 is not supported"):
        dtype_of(DTypeInfo("complex64"))
