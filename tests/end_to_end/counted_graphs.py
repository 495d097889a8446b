"""Random models whose sizes depend on the data: groups of values that vary alike, to which every step adds.

A ``Group`` has values (n) and rows (n, 3) of one varying n. Numbers are eighths, so that sums are exact and nothing
that sorts or compares depends on rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mge_files import MgeFile

I32 = np.int32
MOST = 60
WHOLE = ((0, False, False, False, True),)


@dataclass
class Group:
    values: int
    rows: int
    most: int


@dataclass
class Counted:
    """A model in the making; ``outputs`` are what steps have found besides groups."""

    choose: Callable[[Sequence[Any]], Any]
    file: MgeFile = field(default_factory=MgeFile)
    groups: list[Group] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    def record(self, kind: str, *inputs: int, **params: Any) -> int:
        return self.file.record(kind, list(inputs), **params)

    def second(self, kind: str, *inputs: int, **params: Any) -> int:
        """The second result of a record that has two."""
        return self.file.record(kind, list(inputs), outputs=2, **params) + 1

    def number(self, *numbers: float, dtype: Any = np.float32) -> int:
        return self.file.constant(np.array(numbers, dtype))

    def elemwise(self, mode: str, *inputs: int) -> int:
        return self.record("Elemwise", *inputs, mode=mode)

    def group(self) -> Group:
        return self.choose(self.groups)

    def gathered(self, group: Group, indices: int) -> Group:
        taken = [
            self.record("IndexingMultiAxisVec", v, indices, items=WHOLE) for v in (group.values, group.rows)
        ]
        return Group(*taken, group.most)

    def mask(self, group: Group) -> int:
        return self.elemwise("LT", self.number(self.choose((-9, -1, 0, 0.5, 1, 9))), group.values)

    def chosen(self, mask: int, val: float = 1.0) -> int:
        return self.second("CondTake", mask, mask, mode="EQ", val=val, eps=1e-6)

    def row(self, values: int) -> int:
        return self.record("ReshapeV1", values, self.number(1, -1, dtype=I32), axis=1)

    def line(self, row: int) -> int:
        return self.record("ReshapeV1", row, self.number(-1, dtype=I32), axis=0)

    def sliced(self, value: int, **bounds: int) -> int:
        flags = tuple(name in bounds for name in ("begin", "end", "step"))
        numbers = [
            self.number(bounds[name], dtype=I32) for name in ("begin", "end", "step") if name in bounds
        ]
        return self.record("Subtensor", value, *numbers, items=((0, *flags, False),))


Step = Callable[[Counted], Group | None]
STEPS: list[Step] = []


def step(function: Step) -> Step:
    STEPS.append(function)
    return function


@step
def masked(made: Counted) -> Group:
    group = made.group()
    return made.gathered(group, made.chosen(made.mask(group)))


@step
def sorted_by_value(made: Counted) -> Group:
    group = made.group()
    order = made.choose(("ASCENDING", "DESCENDING"))
    places = made.second("Argsort", made.row(group.values), order=order)
    return made.gathered(group, made.line(places))


@step
def first_few(made: Counted) -> Group:
    group, k = made.group(), made.choose((1, 4, 30)) * made.choose((-1, 1))
    places = made.second("TopK", made.row(group.values), made.number(k, dtype=I32), mode="VALUE_IDX_SORTED")
    found = made.gathered(group, made.line(places))
    return Group(found.values, found.rows, min(abs(k), group.most))


@step
def sliced(made: Counted) -> Group | None:
    group = made.group()
    forms: tuple[dict[str, int], ...] = (
        {"end": 3}, {"begin": 2}, {"begin": -2}, {"end": -2}, {"step": 2}, {"step": -1}, {"begin": 1, "end": -1},
        {"begin": -5, "end": -1}, {"begin": 1, "step": 3}, {"begin": 1, "end": 4},
    )  # fmt: skip
    bounds = made.choose(forms)
    most = len(range(group.most)[slice(*(bounds.get(name) for name in ("begin", "end", "step")))])
    parts = (made.sliced(v, **bounds) for v in (group.values, group.rows) if most)
    return Group(*parts, most) if most else None


@step
def joined(made: Counted) -> Group | None:
    a, b = made.group(), made.group()
    pairs = ((a.values, b.values), (a.rows, b.rows))
    if a.most + b.most > MOST:
        return None
    return Group(*(made.record("Concat", *pair, axis=0) for pair in pairs), a.most + b.most)


@step
def both_sides_of_a_mask(made: Counted) -> Group:
    """Put together they are as many as before: what comes of them is added to that."""
    group = made.group()
    mask = made.mask(group)
    sides = [made.gathered(group, made.chosen(mask, val)) for val in (1.0, 0.0)]
    values = made.record("Concat", *(side.values for side in sides), axis=0)
    rows = made.record("Concat", *(side.rows for side in sides), axis=0)
    total = made.elemwise("ADD", values, group.values)
    return Group(made.elemwise("MUL", total, made.number(0.5)), rows, group.most)


@step
def turned(made: Counted) -> Group:
    """Rows as one line, and as rows again; with the values beside them."""
    group = made.group()
    rows = made.record("ReshapeV1", made.line(group.rows), made.number(-1, 3, dtype=I32), axis=0)
    column = made.record("ReshapeV1", group.values, made.number(-1, 1, dtype=I32), axis=0)
    wide = made.record("Concat", rows, column, axis=1)
    return Group(
        group.values,
        made.record("Subtensor", wide, made.number(1, dtype=I32), items=((1, True, False, False, False),)),
        group.most,
    )


@step
def stretched(made: Counted) -> Group:
    group = made.group()
    shape = made.record("GetVarShapeV1", group.rows, axis=7)
    ones = made.record("Broadcast", made.number(0.5), shape)
    return Group(group.values, made.elemwise("ADD", group.rows, ones), group.most)


@step
def written(made: Counted) -> None:
    group = made.group()
    places = made.second("Argsort", made.row(group.values), order="ASCENDING")
    table = made.file.constant(np.zeros((MOST, 3), np.float32))
    kind = made.choose(("IndexingSetMultiAxisVec", "IndexingIncrMultiAxisVec"))
    made.outputs.append(made.record(kind, table, group.rows, made.line(places), items=WHOLE))


@step
def numbers(made: Counted) -> None:
    """Sums and extremes of values, of columns and of products of rows."""
    group = made.group()
    mode, axis = made.choose(("SUM", "MAX", "MIN", "MEAN")), made.choose((0, 1))
    made.outputs += [
        made.record("ReduceV2", v, mode=mode, axis=axis * (v == group.rows))
        for v in (group.values, group.rows)
    ]
    made.outputs.append(made.record(made.choose(("Argmax", "Argmin")), group.values, axis=0))
    attrs = {"transposeA": True, "transposeB": False, "format": "DEFAULT", "compute_mode": "DEFAULT"}
    made.outputs.append(made.record("MatrixMulV2", group.rows, group.rows, **attrs))
    place = made.number(made.choose((0, -1, group.most // 2)), dtype=I32)
    made.outputs.append(made.record("Subtensor", group.rows, place, items=WHOLE))


@step
def along(made: Counted) -> None:
    group = made.group()
    made.outputs.append(made.record("Softmax", group.rows, axis=made.choose((0, 1))))
    made.outputs.append(
        made.record(
            "CumsumV1",
            group.values,
            axis=0,
            exclusive=made.choose((False, True)),
            reverse=made.choose((False, True)),
        )
    )


def counted_model(choose: Callable[[Sequence[Any]], Any], steps: int) -> bytes:
    """A model with inputs values (9) and rows (9, 3)."""
    made = Counted(choose)
    made.groups.append(Group(made.file.input("values", 9), made.file.input("rows", 9, 3), 9))
    made.groups.append(masked(made))
    for _ in range(steps):
        group = choose(STEPS)(made)
        made.groups += [group] if group is not None else []
    last = made.groups[-3:]
    return made.file.bytes(*dict.fromkeys([v for g in last for v in (g.values, g.rows)] + made.outputs))
