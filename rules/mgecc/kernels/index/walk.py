"""A walk over the addressed part of a tensor, and the kernel that makes it (walk.c.j2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from mgecc.graph.symbolic import is_one
from mgecc.kernels.base import Kernel, Param
from mgecc.kernels.strides import broadcast_strides, collapse


@dataclass(frozen=True)
class Loop:
    """One axis of the part: extent, and strides in elements of the far tensor, the near one and each index array.

    Far is the tensor that is indexed; near is the part itself: the result of a read, the value of a write.
    """

    n: int
    far: int
    near: int
    index: tuple[int, ...] = ()


@dataclass(frozen=True)
class Walk:
    """Loops from the outermost inwards. ``axes``: size and far stride of the axis that each index array addresses."""

    start: int
    loops: tuple[Loop, ...]
    axes: tuple[tuple[int, int], ...] = ()

    @property
    def elements(self) -> int:
        return prod(loop.n for loop in self.loops)


@dataclass(frozen=True)
class Mode:
    """What happens at every element: ``get``, ``set``, ``add``, ``mul``, ``min`` or ``max``.

    Before, far is left, copied from x or cleared.
    """

    action: str
    ctype: str
    word: str
    init: str = "none"


def spread(shape: Sequence[int], over: Sequence[int]) -> tuple[int, ...]:
    """Strides of a row-major tensor stretched over the shape ``over``, which may lack axes of one element in front."""
    return broadcast_strides(shape[max(0, len(shape) - len(over)) :], over)


def merged(walk: Walk) -> Walk:
    """The same walk with as few loops as possible; at least one."""
    loops = walk.loops
    strides = [[x.far for x in loops], [x.near for x in loops]]
    strides += [[x.index[k] for x in loops] for k in range(len(walk.axes))]
    nest = collapse([x.n for x in loops], strides)
    if all(is_one(x.n) for x in loops):
        return Walk(walk.start, (Loop(1, 1, 1, (0,) * len(walk.axes)),), walk.axes)
    found = [Loop(n, far, near, tuple(index)) for n, far, near, *index in zip(nest.sizes, *nest.strides)]
    return Walk(walk.start, tuple(found), walk.axes)


def _has_run(walk: Walk) -> bool:
    last = walk.loops[-1]
    return (last.far, last.near) == (1, 1) and not any(last.index)


def _levels(walk: Walk) -> tuple[int, ...]:
    """For every index array the innermost loop that moves it; -1 for a single index."""
    depth = range(len(walk.loops))
    return tuple(max((j for j in depth if walk.loops[j].index[k]), default=-1) for k in range(len(walk.axes)))


def _numbers(walk: Walk, loops: Sequence[Loop], levels: Sequence[int]) -> list[tuple[str, int]]:
    numbers = [("start", walk.start)]
    for j, loop in enumerate(loops):
        numbers += [(f"n{j}", loop.n), (f"f{j}", loop.far), (f"g{j}", loop.near)]
    for k, (level, (size, stride)) in enumerate(zip(levels, walk.axes)):
        numbers += [(f"s{k}_{j}", loops[j].index[k]) for j in range(level + 1)]
        numbers += [(f"m{k}", size), (f"t{k}", stride)]
    return numbers


_WORDS = {"get": "gather", "set": "scatter"}


def walk_kernel(
    walk: Walk, mode: Mode, far_bytes: int, interleaved: bool = False
) -> tuple[Kernel, tuple[int, ...]]:
    """The kernel for a merged walk and its numbers. Operands: [x,] source, index arrays, result.

    ``interleaved``: one operand holds all index arrays, one number of each after the other.
    """
    run, levels = _has_run(walk), _levels(walk)
    loops = walk.loops[:-1] if run else walk.loops
    numbers = _numbers(walk, loops, levels)
    if run:
        numbers.append(("run", walk.loops[-1].n))
    if mode.init != "none":
        numbers.append(("bytes", far_bytes))
    const = f"const {mode.ctype} *"
    operands = [("x", const)] * (mode.init == "copy") + [("v", const)]
    names = ["p"] if interleaved else [f"p{k}_0" for k in range(len(levels))]
    operands += [(name, "const int32_t *") for name in names] + [("y", f"{mode.ctype} *")]
    parts = [_WORDS.get(mode.action, f"scatter_{mode.action}"), mode.word, f"l{len(loops)}"]
    parts += ["i" + "".join("s" if v < 0 else str(v) for v in levels)] * bool(levels)
    parts += ["run"] * run + ["zero"] * (mode.init == "zero") + ["tuples"] * interleaved
    params: dict[str, Param] = {
        "action": mode.action, "ctype": mode.ctype, "init": mode.init, "interleaved": interleaved,
        "levels": levels, "loops": len(loops), "run": run,
    }  # fmt: skip
    kernel = Kernel(
        "_".join(parts),
        "index/walk.c.j2",
        tuple(operands),
        tuple((name, "int32_t") for name, _ in numbers),
        tuple(sorted(params.items())),
    )
    return kernel, tuple(number for _, number in numbers)
