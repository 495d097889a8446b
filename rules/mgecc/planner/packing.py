"""Packed weights that the kernel sets of a combined target share.

Kernels of two instruction sets may read one packing of a layer's weights, which then lies in the blob once. Layers
take such a packing, those first that save the most bytes for an instruction, until a kernel set would execute more
than a stated part more: the greedy heuristic of the knapsack problem (Dantzig 1957).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mgecc.kernels.base import Candidate, Const
from mgecc.planner.shrink import Choice, options

# Estimated instructions that sharing may add to those of each kernel set, in parts of the whole.
COST_GROWTH = 0.02
# The same of a single layer: what costs more saves too few bytes for its instructions.
_MOST_OF_LAYER = 0.25
_LEAST_BYTES = 1024  # smaller weights are not worth a kernel of their own

Packing = tuple[tuple[int, str], ...]  # bytes and digest of each constant
Key = tuple[str, str, int]


@dataclass(frozen=True)
class _Change:
    """One layer with a packing for all members. ``growth``: what it adds to the instructions of each member, in parts
    of the whole."""

    key: Key
    candidates: tuple[Candidate, ...]
    saved: int
    growth: tuple[float, ...]

    @property
    def price(self) -> float:
        """Instructions for a byte, in parts of the whole."""
        return sum(self.growth) / self.saved


def share_packings(members: Sequence[list[Choice]]) -> list[list[Choice]]:
    """Choices of one model for several targets, changed so that layers share packed weights; layouts stay."""
    layers = [dict(zip(_keys(chosen), chosen)) for chosen in members]
    totals = [sum(choice.candidate.cost for choice in chosen) for chosen in members]
    spent = [0.0] * len(members)
    for change in sorted(_changes(layers, totals), key=lambda c: (c.price, c.key)):
        after = [a + b for a, b in zip(spent, change.growth)]
        if max(after) <= COST_GROWTH:
            spent = after
            for layer, candidate in zip(layers, change.candidates):
                layer[change.key] = replace(layer[change.key], candidate=candidate)
    return [list(layer.values()) for layer in layers]


def _keys(chosen: Sequence[Choice]) -> Iterator[Key]:
    """What tells a layer in all members: operator, name, and which of those it is."""
    count: Counter[tuple[str, str]] = Counter()
    for choice in chosen:
        name = (choice.node.op, choice.node.name)
        yield (*name, count[name])
        count[name] += 1


def _changes(layers: Sequence[dict[Key, Choice]], totals: Sequence[float]) -> Iterator[_Change]:
    """The cheapest change of each layer whose weights would otherwise be stored more than once."""
    for key in layers[0]:
        if all(key in layer for layer in layers):
            found = _changes_of_layer(key, [layer[key] for layer in layers], totals)
            yield from sorted(found, key=lambda c: c.price)[:1]


def _changes_of_layer(key: Key, choices: Sequence[Choice], totals: Sequence[float]) -> Iterator[_Change]:
    if not any(v.is_const and v.type.nbytes >= _LEAST_BYTES for v in choices[0].node.inputs):
        return
    now = [_packing(choice, choice.candidate) for choice in choices]
    if len(set(now)) == 1:
        return
    offers = [_offers(choice) for choice in choices]
    for packing in offers[0]:
        if all(packing in offer for offer in offers) and (saved := _stored(now) - _stored([packing])) > 0:
            taken = tuple(offer[packing] for offer in offers)
            growth = (
                (c.cost - choice.candidate.cost) / total for c, choice, total in zip(taken, choices, totals)
            )
            yield _Change(key, taken, saved, tuple(growth))


def _stored(packings: Sequence[Packing]) -> int:
    """Bytes that the blob holds for these, each constant once."""
    return sum(nbytes for nbytes, _ in {constant for packing in packings for constant in packing})


def _offers(choice: Choice) -> dict[Packing, Candidate]:
    """The cheapest candidate of each packing among those that may take the place of the chosen one."""
    most = (1 + _MOST_OF_LAYER) * choice.candidate.cost
    offers: dict[Packing, Candidate] = {}
    for candidate in sorted((c for c in options(choice) if c.cost <= most), key=lambda c: c.cost):
        offers.setdefault(_packing(choice, candidate), candidate)
    return offers


def _packing(choice: Choice, candidate: Candidate) -> Packing:
    constants = (o for call in candidate.build(choice.node) for o in call.operands if isinstance(o, Const))
    packed = (np.ascontiguousarray(const.pack()).tobytes() for const in constants)
    return tuple((len(raw), hashlib.sha256(raw).hexdigest()) for raw in packed if len(raw) >= _LEAST_BYTES)
