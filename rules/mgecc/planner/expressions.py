"""Expressions over sizes as a list of instructions: each gives a number, in a slot behind those of the sizes."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from mgecc.graph.polynomials import Atom, Terms
from mgecc.graph.symbolic import Real, Sym, Undecided, lower_bound, number, upper_bound

ADD, MULTIPLY, DIVIDE, LEAST, MOST, RATIO = range(6)
"""Sum, product, quotient rounded down, smaller and larger of two, and quotient as float32."""

_OPERATIONS = {"div": DIVIDE, "min": LEAST, "max": MOST}
_INT32 = 1 << 31


@dataclass
class Expressions:
    """Slots 0 to len(sizes) - 1 hold the sizes (in steps); instruction i fills slot len(sizes) + i."""

    sizes: tuple[Atom, ...]
    code: list[tuple[int, int, bool, int]] = field(default_factory=list)
    known: dict[tuple[int, int, bool, int], int] = field(default_factory=dict)

    def slot(self, x: Any) -> int:
        """Where the number is found once all instructions have run."""
        if isinstance(x, Real):
            return self._ratio(x)
        return self._operand(x)

    def _emit(self, op: int, a: int, immediate: bool, b: int) -> int:
        key = (op, a, immediate, b)
        if key not in self.known:
            self.known[key] = len(self.sizes) + len(self.code)
            self.code.append(key)
        return self.known[key]

    def _number(self, k: int) -> int:
        """A slot that holds a fixed number: first operands of instructions are slots."""
        return self._emit(ADD, self._emit(MULTIPLY, 0, True, 0), True, k)

    def _operand(self, x: Any) -> int:
        _require_int32(x)
        return self._sum(x.terms) if isinstance(x, Sym) else self._number(int(x))

    def _sum(self, terms: Terms) -> int:
        """Terms come with the highest degree first, a fixed number last."""
        total: int | None = None
        for monomial, k in terms:
            if not monomial and total is not None:
                total = self._emit(ADD, total, True, k)
                continue
            part = self._product(monomial)
            part = part if k == 1 else self._emit(MULTIPLY, part, True, k)
            total = part if total is None else self._emit(ADD, total, False, part)
        assert total is not None
        return total

    def _product(self, monomial: tuple[Atom, ...]) -> int:
        total = self._atom(monomial[0])
        for atom in monomial[1:]:
            total = self._emit(MULTIPLY, total, False, self._atom(atom))
        return total

    def _atom(self, atom: Atom) -> int:
        if atom.op == "size":
            return self.sizes.index(atom)
        return self._binary(_OPERATIONS[atom.op], number(atom.a), number(atom.b))

    def _binary(self, op: int, a: Any, b: Any) -> int:
        first = self._operand(a)
        return self._emit(
            op, first, not isinstance(b, Sym), self._operand(b) if isinstance(b, Sym) else int(b)
        )

    def _ratio(self, x: Real) -> int:
        """Quotients of whole numbers; all others have no instruction."""
        if x.op != "/" or not all(_is_whole(v) for v in (x.a, x.b)):
            raise Undecided(f"the factor {x} has no instruction")
        return self._binary(RATIO, x.a, x.b)

    def bytes(self) -> bytes:
        """8 bytes an instruction: what, whether b is a number, slot a, b."""
        return b"".join(struct.pack("<BBHi", op, immediate, a, b) for op, a, immediate, b in self.code)


def _is_whole(x: Any) -> bool:
    return isinstance(x, Sym) or (isinstance(x, (int, float)) and float(x).is_integer())


def _require_int32(x: Any) -> None:
    if isinstance(x, Sym):
        whole = number(x.terms)
        if -_INT32 <= lower_bound(whole) and upper_bound(whole) < _INT32:
            return
        raise Undecided(f"{x} does not fit 32 bits for all sizes")
