"""The program that the planner hands to emit: everything placed, nothing left to decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mgecc.graph import TensorType
from mgecc.graph.polynomials import Atom
from mgecc.kernels.base import Kernel
from mgecc.planner.facts import Facts


@dataclass(frozen=True)
class Ref:
    """Where a tensor lies: ``space`` is "arena" (read and written), "weights" (read only) or "buffers" (memory of the
    application's, ``outside``); ``offset`` in bytes."""

    space: str
    offset: int


@dataclass(frozen=True)
class IOTensor:
    """A model input or output: the user's name, its type (plain layout) and its place.

    ``extent``: None, or where the size depends on the data, (axis, position of the output that has the size).
    ``alias``: another name that the model file has for an input. ``range``: the smallest and the largest integer that
    an input may have; None for all of its type.
    """

    name: str
    type: TensorType
    ref: Ref
    extent: tuple[int, int] | None = None
    alias: str = ""
    range: tuple[int, int] | None = None

    @property
    def is_outside(self) -> bool:
        """Whether it lies in memory of the application's."""
        return self.ref.space == "buffers"


@dataclass(frozen=True)
class StatePlace:
    """Memory in the arena that lives across runs. ``initial``: where its first contents lie; None for zeros."""

    name: str
    type: TensorType
    ref: Ref
    initial: Ref | None = None


@dataclass(frozen=True)
class ProgramCall:
    """One kernel call. ``operands`` and ``args`` go with the kernel's; an absent operand is None.

    For the report only: ``layer`` is the user's node name, ``macs`` its multiply-accumulates, ``why`` the reason for
    this kernel. ``continues``: the next call may run at the same time, as another chunk of the same one.
    ``fallback``: as of a ``Call``.
    """

    kernel: Kernel
    operands: tuple[Ref | None, ...]
    args: tuple[int | float, ...]
    layer: str
    macs: int = 0
    why: str = ""
    continues: bool = False
    fallback: tuple[Kernel, int] | None = None

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """The kernels of which one runs."""
        return (self.kernel, self.fallback[0]) if self.fallback else (self.kernel,)


@dataclass(frozen=True)
class Program:
    """A model for one target, ready to be written. ``weights`` is the weight section, sections 64-byte aligned.

    ``arena``: bytes of scratch memory, its base aligned as the target says. ``arena_bound``: largest sum of
    simultaneously live tensors.
    ``sizes``: what the application sets before a run; shapes, offsets and numbers may be ``Sym`` over them, and the
    arena is for the largest of all. ``copy``: bytes at the end of the arena for the copy with the numbers of a run.
    ``notes``: what the user should know of the compilation, a line each.
    ``states``: what the reset function writes.
    ``unshared``: bytes of ``weights`` that no other kernel set of a combined target reads.
    ``verify_blob``: when the blob that is linked in is checked: "always", "once" or "never".
    ``facts``: what was decided and why, for the report only.
    """

    name: str
    target: str
    inputs: tuple[IOTensor, ...]
    outputs: tuple[IOTensor, ...]
    calls: tuple[ProgramCall, ...]
    weights: bytes
    arena: int
    arena_bound: int
    sizes: tuple[Atom, ...] = ()
    copy: int = 0
    unshared: int = 0
    notes: tuple[str, ...] = ()
    states: tuple[StatePlace, ...] = ()
    verify_blob: str = "always"
    facts: Facts = field(default=Facts(), repr=False)

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """Every kernel once, in order of first use; a call's kernel id is its position here."""
        return tuple(dict.fromkeys(kernel for call in self.calls for kernel in call.kernels))

    @property
    def is_bound(self) -> bool:
        """Whether an input or output lies in memory of the application's."""
        return any(tensor.is_outside for tensor in (*self.inputs, *self.outputs))

    @property
    def max_chunks(self) -> int:
        """The most calls that may run at the same time."""
        most = chunks = 1
        for call in self.calls:
            chunks = chunks + 1 if call.continues else 1
            most = max(most, chunks)
        return most


def shape_sets(programs: Iterable[Program]) -> list[tuple[Program, ...]]:
    """Programs of one model by their input shapes, in order; those of one set are for different kernel sets."""
    sets: dict[tuple[TensorType, ...], tuple[Program, ...]] = {}
    for program in programs:
        key = tuple(tensor.type for tensor in program.inputs)
        sets[key] = (*sets.get(key, ()), program)
    return list(sets.values())
