"""Reader of MegEngine model files (`.mge`): raw bytes to records, without MegEngine.

`read_mge(data)` understands the containers FBS_V2 and FBS (MGBC and MGBS headers), test-case files and plain
MegEngine-Lite packages, and gives a `Model`. What a record means is not decided here. The operator, parameter
and enumeration tables are data, in `tables/`. Imports numpy and pyyaml only, until `survey` is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dtypes import DTYPE_NAMES, DTypeInfo
from .errors import MgeError
from .model import (
    AxisDesc,
    IndexItem,
    InputInfo,
    Metadata,
    Model,
    Record,
    StoredTensor,
    TensorFormat,
    ValueInfo,
)
from .reader import read_mge, recognises

if TYPE_CHECKING:
    from mgecc.frontends.given import Given
    from mgecc.graph import Diagnostics, Graph


TITLE = "records of MegEngine"


def survey(data: bytes, source: str, given: Given) -> tuple[Graph, Diagnostics]:
    """The graph and its problems, see ``survey_mge``."""
    from .importer import survey_mge  # loads the operators, which readers of records do without

    return survey_mge(data, source, given)


def types_of(operator: str) -> tuple[str, ...]:
    """The types of records that are read as an operator."""
    from .rules import RULES  # likewise

    return RULES.types_of(operator)


__all__ = [
    "DTYPE_NAMES",
    "AxisDesc",
    "DTypeInfo",
    "IndexItem",
    "InputInfo",
    "Metadata",
    "MgeError",
    "Model",
    "Record",
    "StoredTensor",
    "TensorFormat",
    "ValueInfo",
    "read_mge",
    "recognises",
    "survey",
    "types_of",
]
