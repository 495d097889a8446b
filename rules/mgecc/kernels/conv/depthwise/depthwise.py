"""Depthwise convolution in NCHWc: register tiles of rows x columns of one channel block.

The usual windows are unrolled (dw_unrolled.c.j2), wide ones by rows (dw_rows.c.j2), all others are loops over taps
(dw_generic.c.j2). Register reuse as in Zhang, Lo and Lu 2020, "High Performance Depthwise and Pointwise Convolutions on
Mobile Devices" (arXiv:2001.02504).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.graph.symbolic import Sym, always, at_max_sizes, equal, lower_bound
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Param, Partition, Workspace
from mgecc.kernels.conv.geometry import Conv, bias_of, residual, weights_of
from mgecc.targets import Target

_SIZES = ("n", "blocks", "h", "w", "oh", "ow")
# Tiles at least this wide are offered beside the best one, so that layers of different widths may share a kernel.
_LEAST_SHARED = 4
# A row of so many outputs has room in the registers beside nine weights and four inputs.
_LONGEST_ROW = 16
# Columns of the parts in which windows come whose weights take half of the registers.
_PART = 8


@dataclass(frozen=True)
class Tile:
    """``r`` rows x ``p`` columns of outputs at once; ``single``: p = ow.

    ``weights``: "held" in registers, by "rows" of the window, or each from "memory" as it is needed. ``multi_load``:
    one instruction loads four inputs. ``peel``: rows whose windows leave the image have code of their own.
    """

    r: int
    p: int
    weights: str
    single: bool
    multi_load: bool
    peel: bool = False

    def cost(self, conv: Conv, load: float) -> float:
        """Instructions of one tile with all of its window inside the image; ``load``: of one vector."""
        rows, columns = (self.r - 1) * conv.sh + conv.kh, (self.p - 1) * conv.sw + conv.kw
        inputs = rows * (columns // 4 + columns % 4 * load if self.multi_load else columns * load)
        weights = {"held": 0.0, "rows": conv.kh * (1.0 if conv.kw == 3 else conv.kw)}
        outputs = self.r * self.p
        work = outputs * (conv.taps + 1.3 + conv.activation.cost + conv.has_z)
        return work + inputs + weights.get(self.weights, outputs * conv.taps * load) + rows + 8


def _fits(conv: Conv, p: int) -> bool:
    """Only the first tile of a row leaves the image on the left, only the last one on the right."""
    if equal(p, conv.ow):
        return True
    if isinstance(conv.ow, Sym):
        return p < lower_bound(conv.ow) and p * conv.sw >= conv.pl and always(partial(_fits_any, conv, p))
    starts = [*range(p, conv.ow - p, p), conv.ow - p]
    last = (p - 1) * conv.sw + conv.kw - conv.pl
    inside_left = all(ox * conv.sw >= conv.pl for ox in starts)
    inside_right = all(ox * conv.sw + last <= conv.w for ox in (0, *starts[:-1]))
    return inside_left and inside_right


def _fits_any(conv: Conv, p: int) -> bool:
    """Like ``_fits``, whatever the width is."""
    last = conv.ow - p
    return last * conv.sw >= conv.pl and (last - 1 + p - 1) * conv.sw + conv.kw - conv.pl <= conv.w


def _outside(conv: Conv) -> int:
    """Taps of one row of windows that are left and right of a row of the image."""
    return sum(sum(range(beside, 0, -conv.sw)) for beside in (conv.pl, at_max_sizes(conv.pr)))


def _holds_weights(conv: Conv, target: Target) -> bool:
    """Also where registers are too few: compilers then keep the numbers of halves in memory, converted once."""
    halves = conv.weights.name == "f16" and not conv.element.simd.multi_load
    return halves or (target.registers >= 32 and conv.taps <= 9)


def _place_of_weights(conv: Conv, target: Target) -> str:
    if conv.kw > lower_bound(conv.ow):
        return "memory"  # some are not used at all
    if _holds_weights(conv, target):
        return "held"
    return "rows" if conv.element.simd.multi_load else "memory"


def _tiles(conv: Conv, target: Target) -> list[Tile]:
    multi_load, weights = conv.element.simd.multi_load, _place_of_weights(conv, target)
    oh, ow = lower_bound(conv.oh), lower_bound(conv.ow)
    most_r = min(2, oh) if target.registers >= 32 or target.lanes == 1 else 1
    widths = [p for p in range(min(8, ow), 0, -1) if _fits(conv, p)]
    tiles = [Tile(r, p, weights, equal(p, conv.ow), multi_load) for r in range(most_r, 0, -1) for p in widths]
    if multi_load and weights == "held" and 8 < ow <= _LONGEST_ROW and equal(ow, conv.ow):
        tiles.append(Tile(1, ow, weights, True, multi_load))
    peels = target.lanes > 1 and _peels(conv)  # small processors have more use for the code that it takes
    return [*tiles, *_peeled(tiles)] if peels else tiles


def _peeled(tiles: list[Tile]) -> list[Tile]:
    return [replace(tile, peel=True) for tile in tiles if tile.r == 1 and tile.single]


def _outer_rows(conv: Conv) -> int:
    """Rows of outputs whose windows leave the image above or below."""
    return int(-(-conv.pt // conv.sh) + -(-conv.pb // conv.sh))


def _peels(conv: Conv) -> bool:
    """Whether some rows leave the image, on one side only, and others do not."""
    known = not isinstance(conv.oh, Sym) and not isinstance(conv.h, Sym) and conv.kh >= conv.sh
    return known and 0 < _outer_rows(conv) < conv.oh


def _costs(conv: Conv, target: Target) -> list[tuple[Tile, float]]:
    """Every tile with the instructions of one image of one block of channels, cheapest first."""
    load = conv.element.simd.window_load_cost

    def total(tile: Tile) -> float:
        rows = -(-at_max_sizes(conv.oh) // tile.r)
        row = -(-at_max_sizes(conv.ow) // tile.p) * tile.cost(conv, load)
        begin = 8 if tile.single and tile.r == 1 and tile.weights == "held" else 20
        if tile.peel:
            begin = begin // 2 - 8  # the rows' addresses are counted with the tile
            row -= (conv.pt + conv.pb) * tile.p * conv.kw / rows
        return rows * (row + begin - tile.r * conv.kh * _outside(conv))

    costs = [(t, total(t)) for t in _tiles(conv, target)]
    return sorted(costs, key=lambda entry: (entry[1], -entry[0].p, -entry[0].r))


def _pack(node: Node, conv: Conv, c: int) -> np.ndarray:
    """[block][row][column][lane], zeros past the last channel and the last column."""
    w = weights_of(node)
    channels, kh, kw = w.shape[0], *w.shape[3:]
    full = np.zeros((-(-channels // c) * c, kh, conv.kw), np.float32)
    full[:channels, :, :kw] = w.reshape(channels, kh, kw)
    return conv.weights.stored(np.ascontiguousarray(full.reshape(-1, c, conv.taps).transpose(0, 2, 1)))


def _operands(conv: Conv, *extra: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    names = ["x", "w", "b", *(["z"] if conv.has_z else [])]
    types = {"w": conv.weights.ctype}
    return (
        *((name, types.get(name, conv.element.const)) for name in names),
        *extra,
        ("y", conv.element.pointer),
    )


def _suffix(conv: Conv) -> str:
    return conv.weights.suffix + ("_add" if conv.has_z else "") + conv.activation.suffix


def unrolled_kernel(conv: Conv, tile: Tile, c: int) -> Kernel:
    edges = f"e{conv.pl}{conv.pr}"
    params: dict[str, Param] = {
        "activation": conv.activation.kind, "c": c, "kh": conv.kh, "kw": conv.kw, "left": conv.pl,
        "p": tile.p, "peel": tile.peel, "multi_load": tile.multi_load, "r": tile.r, "right": conv.pr, "s": conv.sw,
        "single": tile.single, "weights": tile.weights, "wtype": conv.weights.name, "z": conv.has_z,
    }  # fmt: skip
    row = "row" if tile.single else ""
    if tile.peel:
        params |= {"top": conv.pt, "bottom": conv.pb}
        row = f"peel{conv.pt}{conv.pb}"
    return Kernel(
        f"dw_{conv.element.name}_k{conv.kh}x{conv.kw}s{conv.sw}_{edges}_c{c}_p{tile.r}x{tile.p}{row}{_suffix(conv)}",
        "conv/depthwise/dw_unrolled.c.j2",
        _operands(conv, *([] if tile.peel else [("zeros", conv.element.pointer)])),
        (*((name, "int32_t") for name in (*_SIZES, "pt")), *conv.activation.fields),
        tuple(sorted(params.items())),
        conv.needs,
        half=conv.element.half,
    )


def rows_kernel(conv: Conv, p: int, c: int, columns: int, multi_load: bool) -> Kernel:
    """``columns``: those of a window that are unrolled. ``multi_load``: one instruction may load four inputs."""
    many = conv.kw > columns
    params: dict[str, Param] = {
        "activation": conv.activation.kind, "c": c, "d": conv.dw, "kw": columns, "p": p, "parts": many,
        "multi_load": multi_load, "s": conv.sw, "wtype": conv.weights.name, "z": conv.has_z,
    }  # fmt: skip
    names = (*_SIZES, "kh", "sh", "dh", "pt", "pl", "ph", "pw", *(["kw"] if many else []))
    part = "parts" if many else ""
    return Kernel(
        f"dw_{conv.element.name}_rows_k{columns}{part}s{conv.sw}d{conv.dw}_c{c}_p{p}{_suffix(conv)}",
        "conv/depthwise/dw_rows.c.j2",
        _operands(conv, ("u", conv.element.pointer)),
        (*((name, "int32_t") for name in names), *conv.activation.fields),
        tuple(sorted(params.items())),
        conv.needs,
        half=conv.element.half,
    )


def any_kernel(conv: Conv, c: int) -> Kernel:
    params: dict[str, Param] = {
        "activation": conv.activation.kind, "c": c, "wtype": conv.weights.name, "z": conv.has_z,
    }  # fmt: skip
    names = (*_SIZES, "kh", "kw", "sh", "sw", "dh", "dw", "pt", "pl")
    return Kernel(
        f"dw_{conv.element.name}_any_c{c}{_suffix(conv)}",
        "conv/depthwise/dw_generic.c.j2",
        _operands(conv),
        (*((name, "int32_t") for name in names), *conv.activation.fields),
        tuple(sorted(params.items())),
        conv.needs,
        half=conv.element.half,
    )


def _call(conv: Conv, c: int, kernel: Kernel, scratch: int, node: Node) -> list[Call]:
    blocks, (ph, pw) = -(-conv.oc // c), conv.padded
    sizes = {"n": conv.n, "blocks": blocks, "ph": ph, "pw": pw}
    names = [name for name, ctype in kernel.fields if ctype == "int32_t"]
    args = [sizes[name] if name in sizes else getattr(conv, name) for name in names]
    operands = (
        node.inputs[0],
        Const(partial(_pack, node, conv, c)),
        Const(partial(bias_of, node, 0, blocks * c)),
        *([residual(node)] if conv.has_z else []),
        *([Workspace(scratch)] if scratch else []),
        node.output,
    )
    return [Call(kernel, operands, (*args, *conv.activation.numbers), partition=_partition(conv, c))]


def _partition(conv: Conv, c: int) -> Partition | None:
    """By blocks of channels, where there is one image."""
    if not equal(conv.n, 1):
        return None
    pixel = c * conv.element.size
    image = {"y": conv.oh * conv.ow * pixel, "z": conv.oh * conv.ow * pixel, "x": conv.h * conv.w * pixel}
    return Partition("blocks", {**image, "w": conv.taps * c * conv.weights.size, "b": pixel})


def _rows(conv: Conv, c: int, target: Target) -> Iterator[Candidate]:
    """Any window over a copy with padding; a wide one in parts, with weights of zero behind its last column."""
    most = min(8 if target.registers >= 32 else 4, lower_bound(conv.ow))
    if most < 1:
        return
    parts = -(-conv.kw // _PART) if 2 * conv.kw >= target.registers else 1
    columns = -(-conv.kw // parts)
    conv = replace(conv, kw=parts * columns)
    ph, pw = conv.padded
    p = min(range(most, 0, -1), key=lambda p: at_max_sizes(_rows_cost(conv, p, columns)))
    image = conv.oh * _rows_cost(conv, p, columns) + 2 * ph * pw
    scratch = at_max_sizes(ph * pw) * c * conv.element.size
    build = partial(_call, conv, c, rows_kernel(conv, p, c, columns, conv.element.simd.multi_load), scratch)
    yield Candidate(
        build, conv.n * -(-conv.oc // c) * image, (c,), (c,),
        int(300 + 4 * _row_cost(conv, p, columns)),
        why=f"depthwise, {p} pixels of a copy with padding", scratch=scratch,
    )  # fmt: skip


def _row_cost(conv: Conv, p: int, columns: int) -> float:
    """Instructions of ``columns`` of a row of windows of p pixels."""
    offsets = {q * conv.sw + t * conv.dw for q in range(p) for t in range(columns)}
    return p * columns + conv.element.simd.row_load_cost * (len(offsets) + columns) + 3


def _rows_cost(conv: Conv, p: int, columns: int) -> float:
    """Instructions of a row of results."""
    row = conv.kw // columns * _row_cost(conv, p, columns) + 2
    return -(-conv.ow // p) * (conv.kh * row + p * (2.5 + conv.activation.cost + conv.has_z) + 12)


def _unrolled(conv: Conv, c: int, target: Target) -> Iterator[Candidate]:
    """Windows up to 5 x 5."""
    usual = max(conv.kh, conv.kw) <= 5 and conv.sh == conv.sw <= 2 and (conv.dh, conv.dw) == (1, 1)
    if not usual or conv.pl >= conv.kw or conv.pr >= conv.kw:
        return
    scratch = conv.w * c * conv.element.size
    for position, (tile, cost) in enumerate(_costs(conv, target)):
        if position and (tile.p < _LEAST_SHARED or conv.kw > lower_bound(conv.ow)):
            continue
        kernel = unrolled_kernel(conv, tile, c)
        copies = 1 + _outer_rows(conv) if tile.peel else 1 if tile.single else 3
        code = int(200 + 4 * tile.cost(conv, 0.5) * copies)
        images = conv.n * -(-conv.oc // c)
        why = f"depthwise, {tile.r} rows x {tile.p} pixels unrolled" + ", outer rows apart" * tile.peel
        call = partial(_call, conv, c, kernel, 0 if tile.peel else scratch)
        yield Candidate(call, images * cost, (c,), (c,), code, why=why)


def _any(conv: Conv, c: int) -> Candidate:
    cost = conv.n * -(-conv.oc // c) * conv.pixels * (conv.taps * 4.0 + 30 + conv.activation.cost)
    call = partial(_call, conv, c, any_kernel(conv, c), 0)
    return Candidate(call, cost, (c,), (c,), 500, (3,) if conv.has_z else (), why="depthwise, any window")


def candidates(node: Node, conv: Conv, target: Target) -> Iterator[Candidate]:
    """All on blocks of the vector's lanes."""
    c = conv.element.block
    if not conv.is_depthwise or c != conv.element.lanes:
        return
    blocks = tuple(1 if v.is_const else c for v in node.inputs)
    for candidate in (_any(conv, c), *_rows(conv, c, target), *_unrolled(conv, c, target)):
        yield replace(candidate, in_blocks=blocks)
