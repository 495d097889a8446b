"""Models of one record each, true ones of every operator and ones that no MegEngine writes."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations_with_replacement, islice, product
from pathlib import Path
from typing import Any

import numpy as np
from mge_files import MgeFile, dtype_table
from mgecc import ops
from mgecc.frontends.mge import types_of
from mgecc.frontends.mge.importer import importer, survey_mge
from mgecc.frontends.mge.parameters import dtype_of
from mgecc.frontends.mge.rules import RULES
from mgecc.frontends.mge.tables import FieldSpec, enums, operators_by_name, params
from mgecc.graph import DType, Value
from mgecc.ops.signature import signature

DATA = Path(__file__).parents[1] / "data"
INTEGERS = (0, 1, -1, 2, 3, 255, -(1 << 31), (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
FLOATS = (float("nan"), float("inf"), float("-inf"), -1.0, 0.0, 0.5, 1e30, 1e-40)
SIZES = (0, 1, 2, 3, 100, 1 << 16, (1 << 31) - 1)
TYPES = (
    *map(DType, ("float32", "float16", "int32", "int16", "int8", "uint8", "bool")),
    *(DType(name, 0.1) for name in ("qint8", "qint32", "qint16", "qint4")),
    *(DType(name, 0.1, 3) for name in ("quint8", "quint4")),
)
_INT32 = range(-(1 << 31), 1 << 31)
_RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int32": (_INT32[0], _INT32[-1])}
_RANGES |= {"uint32": (0, (1 << 32) - 1), "uint64": (0, (1 << 64) - 1)}


@dataclass(frozen=True)
class Operand:
    """An input of the model, or a constant that holds ``numbers``."""

    shape: tuple[int, ...]
    dtype: DType
    numbers: np.ndarray | None = None


@dataclass(frozen=True)
class Case:
    """One record with all that it reads."""

    record: str
    operands: tuple[Operand, ...]
    params: dict[str, Any]
    results: int = 1
    stated: DType | None = None

    def __str__(self) -> str:
        read = ", ".join(f"{'' if o.numbers is None else '='}{o.dtype}{list(o.shape)}" for o in self.operands)
        return f"{self.record}({read}; {self.params}) -> {self.results} {self.stated or ''}"

    def model(self) -> bytes:
        """The model file."""
        m = MgeFile()
        numbers = [_written(m, f"x{k}", operand) for k, operand in enumerate(self.operands)]
        stated = None if self.stated is None else _dtype(self.stated)
        y = m.record(self.record, numbers, "y", self.results, stated, **self.params)
        return m.bytes(*range(y, y + self.results))


def _dtype(dtype: DType) -> Any:
    return dtype_table(dtype.name, dtype.scale or 0.0, dtype.zero_point)


def _written(m: MgeFile, name: str, operand: Operand) -> int:
    if operand.numbers is None or "4" in operand.dtype.name:
        return m.input(name, *operand.shape, dtype=_dtype(operand.dtype))
    return m.constant(operand.numbers, name, _dtype(operand.dtype))


def _params(record: Any) -> dict[str, Any]:
    """Parameters as the writer takes them."""
    methods = {"add": 0, "remove": 1}
    given = dict(record.params)
    if "desc" in given:
        given["desc"] = tuple((methods[method], axis) for method, axis in given["desc"])
    if record.param == "DTypeFull":
        return _typed(dtype_of(given["dtype"]))
    return given


def _typed(dtype: DType) -> dict[str, Any]:
    """The parameters of a conversion."""
    return {"element": dtype.name, "scale": dtype.scale or 0.0, "zero_point": dtype.zero_point}


def _operand(value: Value) -> Operand:
    return Operand(value.shape, value.type.dtype, value.const)


@cache
def recorded() -> dict[str, list[Case]]:
    """Records of the stored models by operator, the ones that read least first."""
    found: dict[str, list[Case]] = {}
    for path in sorted(DATA.rglob("*.mge")):
        work = importer(path.read_bytes(), path.name)
        work.run()
        for record in work.model.records:
            if record.inputs and all(n in work.values for n in (*record.inputs, *record.outputs)):
                stated = None if record.output_dtype is None else dtype_of(record.output_dtype)
                operands = tuple(_operand(work.values[n]) for n in record.inputs)
                case = Case(record.type, operands, _params(record), len(record.outputs), stated)
                found.setdefault(RULES.find(record.type).operator, []).append(case)
    return {name: sorted(cases, key=_bytes) for name, cases in found.items()}


def _bytes(case: Case) -> int:
    return int(sum(_cells(o.shape) * o.dtype.size for o in case.operands))


def cases_of(operator: type[ops.Operator], count: int) -> list[Case]:
    """Different true records of an operator; if no stored model has one, guesses that the importer takes."""
    different: dict[Any, Case] = {}
    for case in recorded().get(operator.name, []):
        kinds = tuple((o.dtype.name, o.numbers is None) for o in case.operands)
        different.setdefault((case.record, kinds, str(case.params)), case)
    return list(different.values())[:count] or list(islice(filter(_is_taken, _guesses(operator)), count))


def _is_taken(case: Case) -> bool:
    return not survey_mge(case.model(), "guess")[1].problems


def _guesses(operator: type[ops.Operator]) -> Iterator[Case]:
    """Records with the default parameters, operands of the stated kinds and shapes that often fit."""
    form = signature(operator.operands)
    for record in [name for name in types_of(operator.name) if name in operators_by_name()]:
        for count, shapes in product(range(1, 5), (*combinations_with_replacement(_SHAPES, 2),)):
            kinds = form.kinds_of(count)
            for results in range(1, 4) if kinds else ():
                operands = (_guess(kind, shapes[k > 0]) for k, kind in enumerate(kinds or ()))
                yield Case(record, tuple(operands), _defaults(record), results)


_SHAPES = ((2, 3), (3,), (2,), (1, 4, 4, 3), (1, 2, 2), (4, 2))


def _guess(kind: str, shape: tuple[int, ...]) -> Operand:
    if kind in ("integer", "plain"):
        return Operand(shape, DType("int32"), np.ones(shape, np.int32))
    return Operand(shape, DType("bool" if kind == "bool" else "float32"))


def _defaults(record: str) -> dict[str, Any]:
    name = operators_by_name()[record].param
    fields = params()[name].fields if name else ()
    return {f.name: () if "Vector" in f.type else f.default for f in fields}


def mutants(case: Case) -> Iterator[Case]:
    """The case with one thing changed, each thing that there is to change in all ways."""
    yield from _counts(case)
    for position, operand in enumerate(case.operands):
        before, behind = case.operands[:position], case.operands[position + 1 :]
        for changed in _operands(operand):
            yield replace(case, operands=(*before, changed, *behind))
    yield from (replace(case, params=p) for p in _parameters(case))
    yield from (replace(case, stated=dtype) for dtype in (None, *TYPES))


def _counts(case: Case) -> Iterator[Case]:
    some = (
        *case.operands[:1],
        Operand((1,), DType("float32")),
        Operand((2,), DType("int32"), np.ones(2, np.int32)),
    )
    for count in range(len(case.operands)):
        yield replace(case, operands=case.operands[:count])
        yield replace(case, operands=case.operands[count + 1 :])
    for more in some:
        yield replace(case, operands=(*case.operands, more))
        yield replace(case, operands=(more, *case.operands))
    yield from (replace(case, results=n) for n in (case.results - 1, case.results + 1, 7) if n > 0)


def _operands(operand: Operand) -> Iterator[Operand]:
    for dtype in TYPES:
        numbers = operand.numbers
        with np.errstate(all="ignore"):
            yield Operand(operand.shape, dtype, None if numbers is None else numbers.astype(dtype.numpy))
    yield replace(operand, numbers=None)
    yield from (_shaped(operand, shape) for shape in _shapes(operand.shape))
    if operand.numbers is not None:
        floats = operand.numbers.dtype.kind == "f"
        for number in FLOATS if floats else INTEGERS:
            with np.errstate(all="ignore"):
                yield replace(operand, numbers=np.full(operand.shape, number).astype(operand.dtype.numpy))
    elif _cells(operand.shape) < 10000:
        yield replace(operand, numbers=np.ones(operand.shape, operand.dtype.numpy))
        yield replace(operand, numbers=np.zeros(operand.shape, operand.dtype.numpy))


def _cells(shape: tuple[int, ...]) -> float:
    return float(np.prod([float(max(n, 1)) for n in shape]))


def _shapes(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    yield from (
        (),
        (1,),
        (5,),
        (2, 3),
        (1,) * 7,
        (2,) * 7,
        shape[1:],
        shape[:-1],
        (1, *shape)[:7],
        (*shape, 1)[:7],
    )
    for axis in range(len(shape)):
        yield from ((*shape[:axis], size, *shape[axis + 1 :]) for size in SIZES)


def _shaped(operand: Operand, shape: tuple[int, ...]) -> Operand:
    if operand.numbers is None:
        return replace(operand, shape=shape)
    shape = shape or (1,)
    if _cells(shape) > 4096:
        return replace(operand, shape=shape, numbers=None)
    source = operand.numbers if operand.numbers.size else np.zeros(1, operand.dtype.numpy)
    return replace(operand, shape=shape, numbers=np.resize(source, shape))


def _parameters(case: Case) -> Iterator[dict[str, Any]]:
    name = operators_by_name()[case.record].param
    if name == "DTypeFull":
        yield from map(_typed, TYPES)
        return
    for spec in params()[name].fields if name else ():
        for value in _values(spec, case.params.get(spec.name)):
            yield {**case.params, spec.name: value}


def _values(spec: FieldSpec, value: Any) -> Iterator[Any]:
    if spec.type in _RANGES:
        low, high = _RANGES[spec.type]
        yield from (n for n in INTEGERS if low <= n <= high)
    elif spec.type in ("float32", "float64"):
        yield from FLOATS
    elif spec.type == "bool":
        yield not value
    elif spec.type in enums():
        yield from (*enums()[spec.type].values(), 9999)
    elif spec.name == "dtype":
        yield from ("float32", "int8", "bool", "qint8", "intb1", "complex64")
    elif "Vector" in spec.type:
        yield from _vectors(spec.type, value)


def _vectors(kind: str, value: Sequence[Any]) -> Iterator[Any]:
    numbers = [n for n in INTEGERS if kind == "Int32Vector" and n in _INT32] or (0, 1, -1, 7, 127, -128)
    for position, item in enumerate(value):
        before, behind = value[:position], value[position + 1 :]
        yield (*before, *behind)
        yield (*before, item, item, *behind)
        for number in numbers:
            if kind == "Int32Vector":
                yield (*before, number, *behind)
            elif kind == "AxisDescVector":
                yield (*before, (item[0], number), *behind)
            else:
                yield (*before, (number, *item[1:]), *behind)
        for flag in range(1, len(item) if kind == "IndexItemVector" else 1):
            yield (*before, (*item[:flag], not item[flag], *item[flag + 1 :]), *behind)
    yield tuple(value) * 3


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Another bit, byte, small integer, size or float somewhere, up to three times."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        damage(changed, rng)
    return bytes(changed)


WORDS = (0, 1, 2, 3, 4, 5, 8, 1 << 31, (1 << 32) - 1)


def damage(data: bytearray, rng: random.Random) -> None:
    """Another bit, byte, small integer, size or float somewhere."""
    kind, at = rng.randrange(4), rng.randrange(len(data) - 4)
    if kind == 0:
        data[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        data[at] = rng.choice((0, 1, 2, 3, 64, 127, 128, 255))
    elif kind == 2:
        old = struct.unpack_from("<I", data, at & ~3)[0]
        near = max(0, old + rng.choice((-4, -2, -1, 1, 2, 4))) & 0xFFFFFFFF
        struct.pack_into("<I", data, at & ~3, rng.choice((*WORDS, rng.randrange(64), near)))
    else:
        struct.pack_into("<f", data, at & ~3, rng.choice((0.0, -1.0, float("nan"), float("inf"), 1e30)))


def several(case: Case, rng: random.Random, count: int) -> Case:
    """``count`` things changed."""
    for _ in range(count):
        case = rng.choice(list(mutants(case)))
    return case
