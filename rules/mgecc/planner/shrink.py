"""Share kernels between nodes where code size is the goal: nodes take kernels that other nodes need anyway.

A greedy removal of kernels, one at a time, as long as the estimated total falls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mgecc.graph import Node
from mgecc.kernels import Candidate, Kernel

# Executed instructions that a byte of machine code is worth.
INSTRUCTIONS_PER_BYTE = 1000.0
_MOST_ROUNDS = 8


@dataclass(frozen=True, eq=False)
class Choice:
    """A node with the candidate that computes it, and all candidates that were weighed."""

    node: Node
    candidate: Candidate
    alternatives: tuple[Candidate, ...] = ()
    _built: dict[Candidate, tuple[Kernel, ...]] = field(default_factory=dict, repr=False)

    def kernels(self, candidate: Candidate | None = None) -> tuple[Kernel, ...]:
        """The kernels that the node needs with its own candidate, or with another one; they are looked up often."""
        chosen = candidate or self.candidate
        if chosen not in self._built:
            kernels = (kernel for call in chosen.build(self.node) for kernel in call.kernels)
            self._built[chosen] = tuple(dict.fromkeys(kernels))
        return self._built[chosen]


def _interchangeable(choice: Choice, alternative: Candidate) -> bool:
    """Whether the alternative takes and gives the same layouts, with kernels of its own."""
    now = choice.candidate
    wanted = [
        (a, b) for v, a, b in zip(choice.node.inputs, now.in_blocks, alternative.in_blocks) if not v.is_const
    ]
    return (
        not alternative.aliases
        and not now.aliases
        and alternative.out_blocks == now.out_blocks
        and all(a == b for a, b in wanted)
    )


class _Use:
    """How many nodes use each kernel."""

    def __init__(self, chosen: list[Choice]) -> None:
        self.count = Counter(k for c in chosen for k in c.kernels())

    def price(self, choice: Choice, candidate: Candidate) -> float:
        """Instructions, and the code that this node alone would bring, if it took the candidate."""
        own = set(choice.kernels())
        kernels = choice.kernels(candidate)
        new = [k for k in kernels if self.count[k] - (k in own) == 0]
        code = candidate.code * len(new) / max(1, len(kernels))
        return candidate.cost + INSTRUCTIONS_PER_BYTE * (code + candidate.weights)

    def move(self, choice: Choice, candidate: Candidate) -> None:
        self.count.subtract(choice.kernels())
        self.count.update(choice.kernels(candidate))


def share_kernels(chosen: list[Choice]) -> list[Choice]:
    """Change candidates, of one node or of all that need some kernel, as long as that makes the whole cheaper. Layouts
    stay as they are."""
    result = chosen
    for _ in range(_MOST_ROUNDS):
        better = _retire_kernels(_change_one_by_one(result))
        if better == result:
            break
        result = better
    return result


def options(choice: Choice) -> list[Candidate]:
    """The candidate of a choice, and others that may take its place without other layouts."""
    return [choice.candidate, *(r for r in choice.alternatives if _interchangeable(choice, r))]


def _cheapest(use: _Use, choice: Choice, options: list[Candidate]) -> Choice:
    best = min(options, key=lambda c: use.price(choice, c))
    if best is choice.candidate:
        return choice
    use.move(choice, best)
    return replace(choice, candidate=best)


def _change_one_by_one(chosen: list[Choice]) -> list[Choice]:
    use = _Use(chosen)
    return [_cheapest(use, choice, options(choice)) for choice in chosen]


def _retire_kernels(chosen: list[Choice]) -> list[Choice]:
    """Do without kernels whose nodes may as well all take others."""
    result = chosen
    for kernel in sorted(_Use(chosen).count, key=lambda k: k.symbol):
        alternative = _without(result, kernel)
        if alternative and _total(alternative) < _total(result):
            result = alternative
    return result


def _without(chosen: list[Choice], kernel: Kernel) -> list[Choice] | None:
    use, result = _Use(chosen), list(chosen)
    for position, choice in enumerate(chosen):
        if kernel not in choice.kernels():
            continue
        others = [c for c in options(choice) if kernel not in choice.kernels(c)]
        if not others:
            return None
        result[position] = _cheapest(use, choice, others)
    return result


def _total(chosen: list[Choice]) -> float:
    """Instructions of the whole, and its code and weights at their price."""
    rest = sum(c.candidate.cost + INSTRUCTIONS_PER_BYTE * c.candidate.weights for c in chosen)
    return rest + INSTRUCTIONS_PER_BYTE * code_bytes(chosen)


def code_bytes(chosen: Iterable[Choice]) -> float:
    """Estimated bytes of code, each kernel once."""
    code = {}
    for c in chosen:
        kernels = c.kernels()
        code.update(dict.fromkeys(kernels, c.candidate.code / max(1, len(kernels))))
    return sum(code.values())
