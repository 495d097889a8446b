"""Cook-Toom transforms of short convolutions: m outputs of a filter of r taps by m + r - 1 products.

A correlation y = A' [(G g) * (B' d)] with exact matrices, from polynomial interpolation (Winograd, Arithmetic
Complexity of Computations, 1980; Lavin and Gray, arXiv:1509.09308). Points come as 0, pairs of opposite numbers and at
most one single number behind them; infinity is always the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

# A sum of (coefficient, name); the first coefficient is 1.
Terms = tuple[tuple[float, str], ...]
Step = tuple[str, Terms]
Polynomial = list[Fraction]


@dataclass(frozen=True)
class Points:
    """0, then ``pairs`` a and -a, then perhaps ``single``, then infinity."""

    pairs: tuple[Fraction, ...]
    single: Fraction | None = None

    @property
    def finite(self) -> list[Fraction]:
        last = [] if self.single is None else [self.single]
        return [Fraction(0), *(sign * a for a in self.pairs for sign in (1, -1)), *last]


# Outputs -> points. Of small fractions, these have the smallest errors in float32, or nearly so, and cheap transforms.
POINTS = {
    2: Points((Fraction(1),)),
    4: Points((Fraction(1), Fraction(2))),
    5: Points((Fraction(1), Fraction(2)), Fraction(1, 2)),
    6: Points((Fraction(1), Fraction(2), Fraction(1, 2))),
}
# Outputs -> largest error of a two-dimensional convolution in float32, as part of the range of its outputs.
ERRORS = {2: 1e-6, 4: 1e-5, 5: 1e-5, 6: 2e-5}


def _product(roots: Sequence[Fraction]) -> Polynomial:
    """Coefficients of the product of (x - root), lowest first."""
    result = [Fraction(1)]
    for root in roots:
        result = [high - root * low for high, low in zip([Fraction(0), *result], [*result, Fraction(0)])]
    return result


def filters(points: Points, taps: int) -> list[list[Fraction]]:
    """G: a row for each point, infinity last."""
    finite, rows = points.finite, []
    for a in finite:
        scale = Fraction(1)
        for other in finite:
            scale *= a - other if other != a else 1
        rows.append([a**k / scale for k in range(taps)])
    return [*rows, [Fraction(int(k == taps - 1)) for k in range(taps)]]


def _value(polynomial: Polynomial, names: Sequence[str]) -> Terms:
    """A monic polynomial with powers of x replaced by names."""
    found = [(float(c), name) for c, name in zip(polynomial, names) if c]
    return tuple(reversed(found))


def inputs(points: Points, names: Sequence[str], prefix: str) -> tuple[Step, ...]:
    """B' times the vector of ``names``: steps that end with prefix0, prefix1, ... in the order of the points."""
    steps: list[Step] = []
    last = len(names) - 1
    if points.single is not None:
        # All other points see (x - single) times a polynomial: that factor comes first.
        paired = _product(Points(points.pairs).finite)
        steps.append((f"{prefix}{last - 1}", _value(paired, names)))
        factor = [f"u{i}" for i in range(last)]
        root = -float(points.single)
        steps += [(u, ((1.0, names[i + 1]), (root, names[i]))) for i, u in enumerate(factor)]
        names = factor
    finite = Points(points.pairs).finite
    steps.append((f"{prefix}0", _value(_product(finite[1:]), names)))
    for i, a in enumerate(points.pairs):
        others = _product([f for f in finite if abs(f) != a])
        even, odd, at = f"e{i}", f"o{i}", 2 * i + 1
        steps += [(even, _value([Fraction(0), *others], names)), (odd, _value(others, names))]
        steps += [(f"{prefix}{at + k}", ((1.0, even), (float(s * a), odd))) for k, s in enumerate((1, -1))]
    steps.append((f"{prefix}{last}", _value(_product(finite), names)))
    return tuple(steps)


def outputs(points: Points, m: int, names: Sequence[str], prefix: str) -> tuple[Step, ...]:
    """A' times the vector of ``names``: steps that end with prefix0 to prefix<m - 1>."""
    steps: list[Step] = []
    for i in range(len(points.pairs)):
        plus, minus = names[2 * i + 1], names[2 * i + 2]
        steps += [(f"e{i}", ((1.0, plus), (1.0, minus))), (f"o{i}", ((1.0, plus), (-1.0, minus)))]
    for power in range(m):
        kind = "eo"[power % 2]
        terms = [(float(a**power), f"{kind}{i}") for i, a in enumerate(points.pairs)]
        terms += [(1.0, names[0])] if power == 0 else []
        terms += [(float(points.single**power), names[-2])] if points.single is not None else []
        terms += [(1.0, names[-1])] if power == m - 1 else []
        steps.append((f"{prefix}{power}", tuple(terms)))
    return tuple(steps)


def operations(steps: Sequence[Step]) -> int:
    """Vector instructions that the steps take."""
    return sum(len(terms) - 1 for _, terms in steps)
