"""What a kernel family hands to the compiler: kernels, calls and candidates."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from mgecc.graph import Node, Unsupported, Value
from mgecc.graph.symbolic import Undecided, at_max_sizes, has_sizes
from mgecc.graph.unsupported import OPEN
from mgecc.targets import Target

Param = int | float | str | bool | tuple["Param", ...]


@dataclass(frozen=True)
class Kernel:
    """One C function, identified by its template and structural parameters.

    ``symbol``: readable name, unique for (template, params), from the grammar of docs/ARCHITECTURE.md.
    ``operands``: name and C type of the pointers it takes, e.g. ("x", "const float *"). ``fields``: name and C type
    (int32_t or float) of the numbers it takes. ``params``: what the template is specialised on, as sorted (name,
    value) pairs. ``needs``: headers of ``simd/`` besides the ISA's own, e.g. ("math",). ``declares``: a C declaration
    of something that the application must define for this kernel; it goes into the model's header. ``half``: the
    template is rendered in half lanes. ``tables``: operands whose integers become addresses, each as the C expressions
    (address, count, bound). Weights may be forged, so the kernel begins by checking that all lie in 0 .. bound - 1, and
    computes nothing if they do not.
    """

    symbol: str
    template: str
    operands: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...] = ()
    params: tuple[tuple[str, Param], ...] = ()
    needs: tuple[str, ...] = ()
    declares: str = ""
    half: bool = False
    tables: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Const:
    """Read-only data in the blob, made by ``pack`` only if the call is chosen. ``align`` in bytes."""

    pack: Callable[[], np.ndarray]
    align: int = 16


@dataclass(frozen=True, eq=False)
class Workspace:
    """Scratch memory of one call, in the arena."""

    nbytes: int


Operand = Value | Const | Workspace | None


@dataclass(frozen=True)
class Alias:
    """``inner`` may alias ``outer`` at this byte offset, which makes the copying call unnecessary."""

    inner: Value
    outer: Value
    offset: int


@dataclass(frozen=True)
class Partition:
    """How a call is partitioned over threads, along the field ``units``: each chunk computes some units of the whole.

    ``units``: the field that counts them. ``strides``: bytes from one unit to the next by the operand's name; others
    serve all units, and every chunk needs its own workspace. ``starts``: fields that grow by so much a unit.
    ``grain``: units that stay together, as a tile computes so many at once; the last chunk takes the remainder.
    """

    units: str
    strides: dict[str, int]
    starts: dict[str, int] = field(default_factory=dict)
    grain: int = 1


Number = int | float | Callable[[], int]


@dataclass(frozen=True, eq=False)
class Call:
    """One execution of a kernel. ``operands`` and ``args`` go with the kernel's ``operands`` and ``fields``; an
    argument that takes time to find may be a function that does.

    ``alias``: the call is a plain copy, which the planner drops when it can place ``inner`` inside ``outer``.
    ``partition``: for threads, None if it runs on one. ``fallback``: a kernel with the same operands and arguments for
    small sizes, and 1 or, where it is to run, 0: a number over sizes.
    """

    kernel: Kernel
    operands: tuple[Operand, ...]
    args: tuple[Number, ...] = ()
    alias: Alias | None = None
    partition: Partition | None = None
    fallback: tuple[Kernel, int] | None = None

    @property
    def scalar_args(self) -> tuple[int | float, ...]:
        """The arguments as the program has them."""
        return tuple(arg() if callable(arg) else arg for arg in self.args)

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """The kernels of which one runs."""
        return (self.kernel, self.fallback[0]) if self.fallback else (self.kernel,)


@dataclass(frozen=True, eq=False)
class Candidate:
    """One implementation of a node on a target.

    ``in_blocks`` / ``out_blocks``: NCHWc block of each input and output value it needs (1 = plain; entry
    ignored for constants). ``build`` makes the calls, given the node with its values already in those layouts.
    ``cost``: estimated executed instructions. ``code``: estimated bytes of machine code.
    ``scratch``: bytes of workspace. ``weights``: bytes that packed weights take beyond the operator's own.
    ``inplace``: positions of inputs over which output 0 may be written. ``aliases``: for nodes without calls, e.g. a
    reshape: the output is the input's memory. ``why``: one phrase for the report.
    """

    build: Callable[[Node], list[Call]]
    cost: float
    in_blocks: tuple[int, ...]
    out_blocks: tuple[int, ...]
    code: int = 1000
    inplace: tuple[int, ...] = ()
    aliases: tuple[Alias, ...] = field(default=())
    why: str = ""
    scratch: int = 0
    weights: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "cost", at_max_sizes(self.cost))


Spec = Callable[[Node, Target], Iterator[Candidate]]
_SPECS: dict[str, list[Spec]] = {}


def serves(*ops: str) -> Callable[[Spec], Spec]:
    """Register a generator of candidates for nodes of these operators."""

    def register(spec: Spec) -> Spec:
        for op in ops:
            _SPECS.setdefault(op, []).append(spec)
        return spec

    return register


@cache
def _load() -> None:
    package = importlib.import_module("mgecc.kernels")
    for module in sorted(
        m.name for m in pkgutil.iter_modules(package.__path__) if m.ispkg and m.name != "simd"
    ):
        importlib.import_module(f"mgecc.kernels.{module}.spec")


def served() -> list[str]:
    """Operators that some kernel family serves."""
    _load()
    return sorted(_SPECS)


def families(op: str) -> list[tuple[str, str]]:
    """The kernel families that serve an operator, each with what it says of its forms."""
    _load()
    specs = _SPECS.get(op, ())
    said = [(spec.__module__.split(".")[-2], " ".join((spec.__doc__ or "").split())) for spec in specs]
    return list(dict.fromkeys(said))


def candidates(node: Node, target: Target) -> list[Candidate]:
    """All candidates for the node, in order of registration.

    Specs raise Unsupported to say why not; that is passed on only if no other family serves the node. Of a node with
    declared sizes, candidates whose code would depend on them are left out.
    """
    _load()
    found: list[Candidate] = []
    reasons: list[Unsupported] = []
    for spec in _SPECS.get(node.op, ()):
        try:
            found += spec(node, target)
        except Unsupported as reason:
            reasons.append(reason)
    if any(has_sizes(v.shape) for v in (*node.inputs, *node.outputs)):
        found = [candidate for candidate in found if _is_fixed(node, candidate, reasons)]
    if reasons and not found:
        raise reasons[-1]
    return found


def offers(*families: Iterator[Candidate]) -> Iterator[Candidate]:
    """What several implementations offer for a node; one whose code would depend on declared sizes is left out.

    Raises Undecided with the last reason if nothing is left because of that.
    """
    reason, count = None, 0
    for family in families:
        try:
            for candidate in family:
                count += 1
                yield candidate
        except Undecided as error:
            reason = error
    if reason and not count:
        raise reason


def _is_fixed(node: Node, candidate: Candidate, reasons: list[Unsupported]) -> bool:
    """Whether a candidate has the same code for all sizes; if not, a reason is added."""
    try:
        for kernel in (kernel for call in candidate.build(node) for kernel in call.kernels):
            if OPEN in repr(kernel):
                raise Undecided(f"the code of its kernel {kernel.symbol} would depend on the sizes")
    except Undecided as reason:
        reasons.append(reason)
        return False
    return True
