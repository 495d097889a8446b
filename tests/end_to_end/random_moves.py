"""Steps of random graphs that move numbers: parts, shapes, orders of axes, padding, indices."""

from __future__ import annotations

from mgecc.graph import Value
from random_graphs import I32, Made, Pick, step
from random_steps import INTEGERS


@step(2)
def concatenated(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick)
    if x is None:
        return None
    axis = pick.number(0, x.type.rank - 1)

    def fits(v: Value) -> bool:
        rest = [a == b for k, (a, b) in enumerate(zip(v.shape, x.shape)) if k != axis]
        return v.type.dtype == x.type.dtype and v.type.rank == x.type.rank and all(rest)

    others = [made.find(pick, test=fits) for _ in range(pick.number(1, 2))]
    return made.add("Concat", [x, *(v for v in others if v is not None)], axis=axis)


@step(2)
def sliced(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick)
    if x is None:
        return None
    items, numbers = [], []
    for axis in sorted({pick.number(0, x.type.rank - 1) for _ in range(2)}):
        begin, end, stride = pick.one((None, 0, 1, -3)), pick.one((None, -1, 4)), pick.one((None, None, 1, 2))
        flags = [n is not None for n in (begin, end, stride)]
        if any(flags):
            items.append((axis, *flags, False))
            numbers += [n for n in (begin, end, stride) if n is not None]
    return (
        made.add("Subtensor", [x, *(made.sizes(n) for n in numbers)], items=tuple(items)) if items else None
    )


@step(2)
def reshaped(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick)
    if x is None:
        return None
    sizes: list[int] = []
    for n in x.shape:
        parts = [d for d in (2, 3, 4) if n % d == 0]
        if sizes and pick.one((False, False, True)):
            sizes[-1] *= n
        elif parts and pick.flag():
            d = pick.one(parts)
            sizes += [d, n // d]
        else:
            sizes.append(n)
    return made.add("Reshape", [x, made.sizes(*sizes)])


@step(2)
def transposed(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick)
    if x is None:
        return None
    order = list(range(x.type.rank))
    for _ in range(2):
        i, j = pick.number(0, len(order) - 1), pick.number(0, len(order) - 1)
        order[i], order[j] = order[j], order[i]
    return made.add("Dimshuffle", [x], pattern=tuple(order))


@step()
def padded(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32", *INTEGERS, "qint8")
    if x is None:
        return None
    mode, number = pick.one(("constant", "reflect", "replicate")), pick.one((0.0, 1.0))
    ends = [[pick.one((0, 0, 1, 2)) for _ in range(x.type.rank)] for _ in range(2)]
    return made.add("Padding", [x], padding=tuple(zip(*ends)), mode=mode, value=number)


@step()
def taken(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, "float32", *INTEGERS)
    if x is None:
        return None
    axis = pick.number(0, x.type.rank - 1)
    index = made.const((), I32, made.rng.integers(0, x.shape[axis], pick.number(1, 5)))
    return made.add("IndexingMultiAxisVec", [x, index], items=((axis, False, False, False, True),))


@step()
def spread(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, test=lambda v: 1 in v.shape)
    if x is None:
        return None
    shape = [n if n > 1 else pick.number(1, 4) for n in x.shape]
    return made.add("Broadcast", [x, made.sizes(*shape)])


@step()
def squeezed(made: Made, pick: Pick) -> Value | None:
    x = made.find(pick, test=lambda v: 1 in v.shape and v.type.rank > 1)
    if x is None:
        return None
    pattern = [k for k, n in enumerate(x.shape) if n > 1 or k == 0]
    return made.add("Dimshuffle", [x], pattern=tuple(pattern))
