"""Cases of one test, run together: the kernels of all their candidates are compiled into one library."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from harness import all_candidates, host_targets, run_candidate
from mgecc import ops
from mgecc.graph import Node
from mgecc.kernels import Candidate
from mgecc.targets import Target
from specials import with_specials

Arrays = Sequence[np.ndarray]
Compare = Callable[[Arrays, Arrays], None]

# Plain C, and one ISA with vectors.
TARGETS = [t for t in host_targets() if t.isa in ("scalar", "avx2")]
NAMES = [t.isa for t in TARGETS]


@dataclass
class Cases:
    """What a test has collected; ``ways`` says, after the run, how the candidates went about it."""

    target: Target
    collected: list[tuple[Callable[[], Node], Arrays, Compare]] = field(default_factory=list)
    ways: set[str] = field(default_factory=set)

    def add(self, make: Callable[[], Node], inputs: Arrays, compare: Compare) -> None:
        """``make`` gives a fresh node; ``compare`` fails if results (first) are not those of the meaning (second)."""
        for every in with_specials(make(), inputs):
            self.collected.append((make, every, compare))

    def run(self) -> None:
        """Every candidate of every case."""
        assert self.collected
        runs = [(node, found, case) for case in self.collected for node, found in self.candidates(case[0])]
        kernels = [call.kernel for node, found, _ in runs for call in found.build(node)]
        for node, found, (make, inputs, compare) in runs:
            want = ops.evaluate(make(), inputs)
            compare(run_candidate(node, self.target, found, inputs, kernels), want)
            self.ways.add(found.why)

    def candidates(self, make: Callable[[], Node]) -> Iterator[tuple[Node, Candidate]]:
        """Each with a node of its own, whose values are in the layouts that the candidate wants."""
        for count in range(len(all_candidates(make(), self.target))):
            node = make()
            found = all_candidates(node, self.target)[count]
            for v, block in zip((*node.inputs, *node.outputs), (*found.in_blocks, *found.out_blocks)):
                v.type = v.type.with_block(1 if v.is_const else block)
            yield node, found


@contextmanager
def cases(target: Target) -> Iterator[Cases]:
    """Collect cases; they run when the block ends."""
    found = Cases(target)
    yield found
    found.run()
