"""What records mean: a module for each family, found by itself; only here parameters become attributes.

    as_written("ROIPooling", "ROIPooling", ranges={"scale": FINITE})   # one node, attributes are the parameters by name

    @attributes("Pooling", "PoolingV1")                           # one node with these attributes
    def pooling(params: Params) -> PoolingAttrs: ...

    @record("Pooling", "PoolingV1")                               # any nodes, made with the builder
    def pooling(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]: ...

The first word is the operator that the record is called in lists and messages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mgecc.frontends.build import GraphBuilder
from mgecc.frontends.rules import Rules
from mgecc.graph import Attributes, Value

from ..model import Record
from ..parameters import Ranges, check_ranges, parameters
from ..tables import operators_by_name, params

Params = dict[str, Any]
"""Parameters of a record by name, defaults filled in, and 'output_dtype', the stated type of its results or None."""

RULES = Rules(__name__)
record = RULES.rule
_RANGES: dict[str, Ranges] = {}


def attributes(operator: str, *types: str) -> Callable[[Callable[[Params], Attributes]], Callable]:
    """Let records of these types become one node, the decorated function making its attributes."""

    def register(attributes_of: Callable[[Params], Attributes]) -> Callable:
        _one_node(operator, types, attributes_of)
        return attributes_of

    return register


def as_written(operator: str, *types: str, ranges: Ranges | None = None) -> None:
    """Let records of these types become one node whose attributes are their parameters, within ``ranges``."""

    def attributes_of(params: Params) -> Params:
        check_ranges(ranges or {}, params)
        return params

    _one_node(operator, types, attributes_of)
    _RANGES[operator] = ranges or {}


def default_parameters(operator: str) -> Params:
    """Of the records that are read as this operator."""
    known = operators_by_name()
    records = [known[type_] for type_ in RULES.types_of(operator) if type_ in known]
    return {f.name: f.default for spec in records if spec.param for f in params()[spec.param].fields}


def check_written(operator: str, params: Params) -> None:
    """Unsupported unless these are parameters of records that are read as written."""
    RULES.types_of(operator)
    check_ranges(_RANGES.get(operator, {}), params)


def _one_node(operator: str, types: Sequence[str], attributes_of: Callable[[Params], Any]) -> None:
    def translate(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
        return build.add(operator, attributes_of(parameters(record)), inputs)

    RULES.add(operator, types, translate)
