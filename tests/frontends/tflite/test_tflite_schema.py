"""The table of fields is the schema's: the package tflite, generated from it, reads the same of every field."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mgecc.frontends.flatbuffer import SCALARS, Budget, Buffer
from mgecc.frontends.tflite.errors import TfliteError
from mgecc.frontends.tflite.schema import ENUMERATED, UNIONS, Field, Record, schema, word
from tflite_writer import TfliteFile, record

ENUMS, TABLES = schema()
REAL = sorted((Path(__file__).parents[2] / "data" / "tflite").glob("*.tflite"))
_VALUES = {"bool": True, "float32": 0.5, "string": "text"}


@pytest.fixture(scope="module")
def theirs() -> ModuleType:
    return pytest.importorskip("tflite")


def camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def value_of(stated: Field) -> Any:
    """Anything but the default."""
    number = _VALUES.get(stated.type.strip("[]"), 3)
    if stated.type == "bool":
        return not stated.default
    return [number, number] if stated.type.startswith("[") else number


def plain(kind: str) -> dict[str, Field]:
    return {n: f for n, f in TABLES[kind].items() if f.type.strip("[]") in (*SCALARS, "string")}


def compare(ours: Record, their: Any, module: ModuleType) -> int:
    """Compare all fields that the package knows, those of tables inside too; how many."""
    count = 0
    for name, stated in TABLES[ours.kind].items():
        getter = getattr(their, camel(name), None)
        if getter is None:
            continue  # newer than the package
        found, count = ours.get(name), count + 1
        if stated.type == "union":
            count += _compare_union(ours, name, their, module)
        elif isinstance(found, list):
            assert len(found) == getattr(their, camel(name) + "Length")()
            count += sum(compare(inner, getter(k), module) for k, inner in enumerate(found))
        elif isinstance(found, Record):
            count += compare(found, getter(), module)
        elif stated.type.startswith("["):
            assert list(found or ()) == [getter(k) for k in range(getattr(their, camel(name) + "Length")())]
        else:
            number = getter()
            assert (found or 0) == ((number.decode() if isinstance(number, bytes) else number) or 0), name
    return count


def _compare_union(ours: Record, name: str, their: Any, module: ModuleType) -> int:
    found, table = ours.get(name), getattr(their, camel(name))()
    if table is None or found is None:
        assert table is None or word(UNIONS[name], getattr(their, camel(name) + "Type")()) not in TABLES
        return 0
    cls = getattr(module, found.kind)
    inner = cls()
    inner.Init(table.Bytes, table.Pos)
    return compare(found, inner, module)


def opened(data: bytes) -> Record:
    return Record("Model", Buffer(memoryview(data), 0, len(data), Budget(len(data), TfliteError)).root())


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_every_field_of_a_real_file_is_the_same(path: Path, theirs: ModuleType) -> None:
    data = path.read_bytes()
    assert compare(opened(data), theirs.Model.GetRootAs(data), theirs) > 1000


@pytest.mark.parametrize("kind", sorted(k for k in TABLES if k.endswith("Options")))
def test_every_option_is_the_same(kind: str, theirs: ModuleType) -> None:
    """Also of operators of which no file is at hand."""
    if not hasattr(theirs, kind):
        pytest.skip(f"the package has no {kind}")
    given = {name: value_of(stated) for name, stated in plain(kind).items()}
    m = TfliteFile()
    m.op("ADD", [], options=(kind, given))
    data = m.bytes()
    assert compare(opened(data), theirs.Model.GetRootAs(data), theirs) >= 10 + len(given)


@pytest.mark.parametrize("name", sorted(ENUMS))
def test_words_have_the_numbers_of_the_package(name: str, theirs: ModuleType) -> None:
    cls = getattr(theirs, name)
    numbers = {w: n for w, n in vars(cls).items() if not w.startswith(("_", "Stablehlo"))}
    ours = {w: n for n, w in ENUMS[name].items()}
    assert len(numbers) > 1 and {w: ours.get(w) for w in numbers} == numbers


def test_tables_that_no_file_at_hand_has_are_the_same(theirs: ModuleType) -> None:
    """Sparse tensors, quantisation by blocks, metadata and signatures."""
    dense = record("DimensionMetadata", format="DENSE", dense_size=2)
    rows = record(
        "DimensionMetadata",
        format="SPARSE_CSR",
        array_segments=("Uint16Vector", record("Uint16Vector", values=[0, 1, 2])),
        array_indices=("Uint8Vector", record("Uint8Vector", values=[1, 0])),
    )
    sparsity = record("SparsityParameters", traversal_order=[0, 1], block_map=[1], dim_metadata=[dense, rows])
    m = TfliteFile()
    m.tensor([2, 2], sparsity=sparsity, scale=[0.5, 0.25], zero=[1, -1], axis=1, shape_signature=[-1, 2])
    m.sign({"a": 0}, {"b": 0})
    data = m.bytes()
    assert compare(opened(data), theirs.Model.GetRootAs(data), theirs) > 50


def test_enumerated_fields_are_fields_of_the_schema() -> None:
    fields = {name for table in TABLES.values() for name in table}
    assert set(ENUMERATED) <= fields and set(UNIONS) <= fields
