"""The names of record types come of the tables; types without arithmetic are refused."""

from __future__ import annotations

import pytest
from mgecc import ops
from mgecc.frontends.build import GraphBuilder
from mgecc.frontends.mge import DTypeInfo
from mgecc.frontends.mge.model import Record
from mgecc.frontends.mge.parameters import dtype_of, unusual
from mgecc.frontends.mge.rules import RULES
from mgecc.frontends.mge.tables import operators_by_name
from mgecc.graph import Unsupported


@pytest.mark.parametrize("operator", [o.name for o in ops.operators() if RULES.types_of(o.name)])
def test_a_rule_reads_a_record_that_the_tables_know(operator: str) -> None:
    assert set(RULES.types_of(operator)) & set(operators_by_name())


def test_every_rule_names_an_operator_that_there_is() -> None:
    assert [
        rule for rule in map(RULES.get, operators_by_name()) if rule and not ops.find(rule.operator)
    ] == []


def test_types_without_arithmetic_are_refused_by_name() -> None:
    assert dtype_of(DTypeInfo("bfloat16")).name == "float32"
    with pytest.raises(Unsupported, match="data of type complex64 is not supported"):
        dtype_of(DTypeInfo("complex64"))


def test_a_parameter_that_a_record_lacks_is_told_by_its_name() -> None:
    """A record of a type that is not in the tables has none."""
    record = Record(0, "MatrixMul", 2, "m", None, {}, (), (), None, (), (), 0, 0, False)
    with pytest.raises(Unsupported, match="it has no parameter transposeA") as caught:
        RULES.find("MatrixMul").translate(record, [], GraphBuilder("net"))
    assert "dump the model again" in caught.value.advice


def test_messages_show_parameters_that_say_something_of_the_record() -> None:
    assert unusual({"axis": 7}) == {}
    usual = {"stride_w": 1, "pad_h": 0, "sparse": "DENSE", "strategy": 1, "output_dtype": None}
    told = {"stride_h": 2, "format": "NHWC", "mode": "MAX", "axis": 1}
    assert unusual({**usual, **told}) == told
