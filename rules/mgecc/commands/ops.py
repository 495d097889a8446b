"""List the operators that are understood, what in files they come from, the kernels that compute them, their limits."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mgecc import frontends
from mgecc.commands._options import add_json
from mgecc.commands._output import show
from mgecc.kernels.base import families
from mgecc.ops import operators
from mgecc.targets import target_names

PREFACE = """# Operators

Written by `mgecc ops --markdown > docs/operators.md`; a test fails where the code says something else.

Every operator that has kernels has them for every target: {targets}. Kernels say which forms they take; another
form, or a node of a file that is not here, is refused by `mgecc check` with the node's name and the reason. Operators
without kernels are computed at compile time where what they read is known then, and refused elsewhere. Extern and
custom operators become calls of the application's functions (`custom:` in model.yaml).

Results whose size depends on the data (CondTake, NonZero, slices up to a computed bound) have the largest size; a
model's output of that kind comes with the number of elements that are valid. Such data may go through element-wise
operators, transposes, reshapes that keep the valid part in front, slices, lookups, writes, sorting, top-k,
reductions, cumulative sums, softmax, products, joins, masks, non-maximum suppression, and what works on each item of a
batch or each box by itself. Two sizes are taken as the same only where that is proven: they come of one mask, or of
the masks that divide data among them (a mask and its complement, each number of a range). Everything else is refused
with the reason.

Of no elements, sums are 0, products 1, means not a number, the largest one is the smallest number of the type
(-infinity for floats) and the smallest one the largest, the position of an extreme one is 0, an element that is not
there is 0, and sorting, top-k and suppression give nothing. MegEngine has the same sums, products and means, and stops
with an error at the others.

What each does with NaN, infinities and denormals stands in [numbers.md](numbers.md).

Operators that the ONNX standard defines by others need no row: their bodies are taken where they have none.

"""


@dataclass(frozen=True)
class Row:
    """An operator: its kernel families with what they serve, its limits.

    ``types``: those of nodes that it is made from, by front end.
    """

    name: str
    types: dict[str, tuple[str, ...]]
    families: tuple[tuple[str, str], ...]
    limits: str


def table() -> Iterator[Row]:
    """All operators by name."""
    for operator in operators():
        yield Row(
            operator.name, frontends.types_of(operator.name), tuple(families(operator.name)), operator.limits
        )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def markdown() -> str:
    """The document docs/operators.md."""
    titles = ["operator", *frontends.titles().values(), "kernels", "limits"]
    heads = [f"| {' | '.join(titles)} |", f"| {' | '.join('---' for _ in titles)} |"]
    return (
        PREFACE.format(targets=", ".join(target_names()))
        + "\n".join([*heads, *map(_markdown, table())])
        + "\n"
    )


def _markdown(row: Row) -> str:
    kernels = "<br>".join(f"{name}: {_cell(said)}" for name, said in row.families)
    types = [" ".join(types) for types in row.types.values()]
    if not any(types):
        types[0] = "made by the compiler"
    cells = [row.name, *types, kernels or "computed at compile time", _cell(row.limits)]
    return f"| {' | '.join(cells)} |"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--markdown", action="store_true", help="as the document docs/operators.md")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    if args.markdown:
        print(markdown(), end="")
        return 0
    rows = list(table())
    show(args, map(_line, rows), lambda: list(map(_data, rows)))
    return 0


def _line(row: Row) -> str:
    names = " ".join(dict.fromkeys(name for name, _ in row.families)) or "-"
    return f"{row.name:<28} {names:<18} {row.limits}".rstrip()


def _data(row: Row) -> dict[str, Any]:
    kernels = [{"family": name, "serves": said} for name, said in row.families]
    return {
        "name": row.name,
        "types": {name: list(types) for name, types in row.types.items()},
        "kernels": kernels,
        "limits": row.limits,
    }
