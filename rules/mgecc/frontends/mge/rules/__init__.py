"""What records mean: a module for each family, found by itself; only here parameters become attributes.

    @attributes("Pooling", "PoolingV1")      # one node with these attributes
    def pooling(params: Params) -> PoolingAttrs: ...

    @record("Pooling", "PoolingV1")          # any nodes, made with the builder
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
from ..parameters import parameters

Params = dict[str, Any]
"""Parameters of a record by name, defaults filled in, and 'output_dtype', the stated type of its results or None."""

Translate = Callable[[Record, Sequence[Value], GraphBuilder], Sequence[Value]]
RULES: Rules[Translate] = Rules(__name__)
record = RULES.rule


_Maker = Callable[[Params], Attributes]


def attributes(operator: str, *types: str) -> Callable[[_Maker], _Maker]:
    """Let records of these types become one node, the decorated function making its attributes."""

    def register(attributes_of: _Maker) -> _Maker:
        def translate(record: Record, inputs: Sequence[Value], build: GraphBuilder) -> Sequence[Value]:
            return build.add(operator, attributes_of(parameters(record)), inputs)

        RULES.add(operator, types, translate)
        return attributes_of

    return register
