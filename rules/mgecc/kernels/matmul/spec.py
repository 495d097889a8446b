"""Which matrix products are served, by which templates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mgecc.graph import Node, Value
from mgecc.graph.symbolic import at_max_sizes, lower_bound, sym_min, upper_bound
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Param, Partition, Workspace, offers, serves
from mgecc.kernels.element import Element, element_of
from mgecc.kernels.fused import Activation, activation_of
from mgecc.kernels.weights import WeightType, weight_type
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.targets import Target

_SIZES = ("batch", "m", "n", "k", "sa", "sb")
_STRIDES = ("am", "ak", "bk", "bn")
# Products that are added up in halves without blocked_sum (blocked_sum.j2).
_LONG_SUM = 192
# Bytes that a copy of rows may take, to stay in the nearest cache.
_PANEL = 65536


@dataclass(frozen=True)
class Product:
    """Sizes of batch products (m, k) x (k, n) and how the operands lie."""

    batch: int
    m: int
    n: int
    k: int
    ta: bool
    tb: bool
    b_const: bool
    activation: Activation
    weights: WeightType
    element: Element

    @property
    def macs(self) -> int:
        return self.batch * self.m * self.n * self.k

    @property
    def sa(self) -> int:
        return self.m * self.k

    @property
    def sb(self) -> int:
        return self.k * self.n

    @property
    def am(self) -> int:
        return 1 if self.ta else self.k

    @property
    def ak(self) -> int:
        return self.m if self.ta else 1

    @property
    def bk(self) -> int:
        return 1 if self.tb else self.n

    @property
    def bn(self) -> int:
        return self.k if self.tb else 1

    @property
    def turned(self) -> bool:
        """Whether tiles need columns of b that lie along k: a copy of a few columns at a time, in scratch memory."""
        return self.tb and not self.b_const

    def copy(self, numbers: int) -> int:
        """Bytes of ``numbers`` for each of the k products of a sum."""
        return at_max_sizes(self.k) * numbers * self.element.size


def product_of(node: Node, target: Target) -> Product | None:
    """Sizes of a product of real numbers; None for other types and forms."""
    element = element_of(node, target)
    if element is None:
        return None
    a, b = node.inputs[:2]
    if node.op == "Dot":
        fits = a.shape == b.shape
        plain = Activation("identity"), weight_type(node), element
        return Product(1, 1, 1, a.shape[0], False, True, b.is_const, *plain) if fits else None
    if len(node.inputs) > 2 and not _is_bias(node.inputs[2], node.output.shape[-1]):
        return None
    attrs = node.attributes(MatrixMulAttrs)
    ta, tb = attrs.transpose_a, attrs.transpose_b
    batch = a.shape[0] if a.type.rank == 3 else 1
    m, n = node.output.shape[-2:]
    epilogue = activation_of(node), weight_type(node), element
    return Product(batch, m, n, a.shape[-2 if ta else -1], ta, tb, b.is_const, *epilogue)


def _is_bias(value: Value, n: int) -> bool:
    return value.is_const and value.type.elements in (0, 1, n) and value.shape[-1:] in ((n,), (1,), (0,))


def _bias(node: Node, n: int) -> np.ndarray:
    """The bias of every column, zeros if there is none."""
    given = node.inputs[2].const if len(node.inputs) > 2 else None
    full = np.zeros(upper_bound(n), node.output.type.dtype.numpy)
    if given is not None and given.size:
        full[:] = given.reshape(-1)
    return full


def _pack(node: Node, product: Product, width: int) -> np.ndarray:
    """(batch, groups, k, width): columns in groups; the last group holds the last columns, or zeros if n < width."""
    w = node.inputs[1].const
    assert w is not None
    b = w.reshape(product.batch, *((product.n, product.k) if product.tb else (product.k, product.n)))
    b = b.swapaxes(1, 2) if product.tb else b
    starts = [min(s, max(product.n - width, 0)) for s in range(0, max(product.n, 1), width)]
    # One copy: large matrices are most of the compiler's memory.
    packed = np.zeros((product.batch, len(starts), product.k, width), b.dtype)
    for group, start in enumerate(starts):
        packed[:, group, :, : product.n] = b[:, :, start : start + width]
    return product.weights.stored(packed)


def _weights(value: Value, stored: WeightType) -> Value | Const:
    given = value.const
    return value if given is None else Const(lambda: stored.stored(given))


def _call(
    product: Product, kernel: Kernel, columns: int, node: Node,
    fallback: tuple[Kernel, int] | None = None, scratch: int = 0,
) -> list[Call]:  # fmt: skip
    """``columns``: of a tile, 0 for kernels without. A constant right operand is packed by them."""
    width = columns if product.b_const else 0
    sizes = {"sb": -(-product.n // width) * product.k * width} if width else {}
    names = [name for name, ctype in kernel.fields if ctype == "int32_t"]
    args = [sizes.get(name, getattr(product, name)) for name in names]
    right = (
        Const(partial(_pack, node, product, width)) if width else _weights(node.inputs[1], product.weights)
    )
    bias = Const(partial(_bias, node, product.n))
    operands = (node.inputs[0], right, bias, *([Workspace(scratch)] if scratch else []), node.output)
    partition = _partition(product, kernel, columns)
    return [
        Call(kernel, operands, (*args, *product.activation.numbers), fallback=fallback, partition=partition)
    ]


def _partition(product: Product, kernel: Kernel, columns: int) -> Partition | None:
    """By rows of a single product; of one row by columns, which lie in groups."""
    size, pixels = product.element.size, dict(kernel.params).get("p")
    tile = pixels if isinstance(pixels, int) else 1
    if product.batch != 1 or product.ta or kernel.template == "matmul/any.c.j2":
        return None
    if product.m != 1:
        return Partition("m", {"x": product.k * size, "y": product.n * size}, grain=tile)
    if not columns or not product.b_const or lower_bound(product.n) < columns:
        return None
    return Partition("n", {"w": product.k * product.weights.size, "b": size, "y": size}, grain=columns)


def _kernel(product: Product, template: str, symbol: str, fields: tuple[str, ...], **params: Param) -> Kernel:
    activation, element = product.activation, product.element
    scratch = [("u", element.pointer)] if params.get("turned") or params.get("panel") else []
    return Kernel(
        f"matmul_{element.name}_{symbol}{product.weights.suffix}{activation.suffix}",
        f"matmul/{template}.c.j2",
        (
            ("x", element.const),
            ("w", product.weights.ctype),
            ("b", element.const),
            *scratch,
            ("y", element.pointer),
        ),
        (*((name, "int32_t") for name in fields), *activation.fields),
        tuple(sorted({"activation": activation.kind, "wtype": product.weights.name, **params}.items())),
        element.needs + activation.needs + product.weights.needs,
        half=element.half,
    )


def _tile(product: Product) -> tuple[int, int]:
    """Rows and vectors of a tile: few rows leave registers for more columns."""
    most_p, most_j = product.element.simd.gemm_tile
    p = min(most_p, at_max_sizes(product.m))
    j = most_j if p > most_p // 2 else min(8, most_p * most_j // p)
    return p, max(1, min(j, lower_bound(product.n) // product.element.lanes))


def _tile_kernel(product: Product, p: int, j: int, panel: bool) -> Kernel:
    element, simd = product.element, product.element.simd
    form = ("t" if product.ta else "n") + ("p" if product.b_const else "t" if product.tb else "n")
    narrow, weight_stationary = product.n < element.lanes, simd.weight_stationary and p > 1
    multi_load = simd.multi_load and product.b_const and not narrow and (panel or not weight_stationary)
    blocked_sum = element.half and upper_bound(product.k) > _LONG_SUM
    words = {"narrow": narrow, "panel": panel, "parts": blocked_sum}
    return _kernel(
        product, "tile", "_".join([form, f"p{p}x{j}", *(name for name, given in words.items() if given)]), _SIZES,
        narrow=narrow, panel=panel, blocked_sum=blocked_sum, p=p, j=j, multi_load=multi_load, ta=product.ta,
        packed=product.b_const, xl=element.xl, weight_stationary=weight_stationary, turned=product.turned,
    )  # fmt: skip


def _tile_cost(product: Product, kernel: Kernel, p: int, j: int) -> float:
    """``panel``: rows are copied once for all columns."""
    params, columns, xl = dict(kernel.params), j * product.element.lanes, product.element.xl
    loads = 0.25 if params["multi_load"] else product.element.simd.gemm_load_cost
    inputs = p if product.ta else p / product.element.simd.inputs_per_load
    per_k = p * j + loads * j + (0.3 * inputs + 2 / xl if params["panel"] else inputs + 4 / xl)
    groups, rows = product.batch * -(-product.n // columns), -(-product.m // p)
    cost = groups * rows * (product.k * per_k + p * j * (2.5 + product.activation.cost) + 15)
    copied = groups * columns if product.turned else product.batch * rows * p / xl if params["panel"] else 0
    return float(at_max_sizes(cost + 2 * copied * product.k))


def _tiled(product: Product, panel: bool = False) -> Candidate:
    p, j = _tile(product)
    kernel, fewest = _tile_kernel(product, p, j, panel), lower_bound(product.m)
    fallback = None
    if 0 < fewest < p:
        fallback = _tile_kernel(product, fewest, j, panel), sym_min(1, product.m // p)
    columns = j * product.element.lanes
    scratch = product.copy(columns) if product.turned else product.copy(p) if panel else 0
    return Candidate(
        partial(_call, product, kernel, columns, fallback=fallback, scratch=scratch),
        _tile_cost(product, kernel, p, j),
        (1, 1),
        (1,),
        int(400 + 16 * p * j * (1.2 if panel else 1.3)),
        why=f"tiles of {p} rows x {columns} columns",
        scratch=scratch,
    )


def _panels(product: Product) -> bool:
    """Whether rows may be copied side by side, so that one instruction loads four of them."""
    element = product.element
    fits = (
        product.b_const
        and not product.ta
        and lower_bound(product.n) >= element.lanes
        and element.xl == element.lanes
    )
    return element.simd.multi_load and fits and lower_bound(product.m) > 1 and product.copy(16) <= _PANEL


def _rows(product: Product) -> Candidate:
    """Sums of four columns become a vector by few instructions; float16 results are added up in float32 one by one."""
    lanes = product.element.lanes
    multi_load = lanes >= 4 and not product.element.half and lower_bound(product.n) >= 4
    q = 4 if multi_load else min(2, lower_bound(product.n))
    most_p, most_j = product.element.simd.gemm_tile
    p = min(4 if most_p * most_j > 16 or not multi_load else 2, lower_bound(product.m))
    kernel = _kernel(product, "dot", f"rows_p{p}x{q}", _SIZES, p=p, q=q, lanes=lanes)
    sums = product.batch * product.m * product.n
    cost = product.macs / lanes * (1 + 1 / p + 1 / q) + sums * (2 if multi_load else 12)
    return Candidate(partial(_call, product, kernel, 0), cost, (1, 1), (1,), 800, why="rows with rows")


def _any(product: Product) -> Candidate:
    kernel = _kernel(product, "any", "any", (*_SIZES, *_STRIDES))
    return Candidate(
        partial(_call, product, kernel, 0), product.macs * 6.0, (1, 1), (1,), 300, why="any operand order"
    )


def _anyhow(product: Product) -> Iterator[Candidate]:
    yield _any(product)


def _tiles(product: Product) -> Iterator[Candidate]:
    if not product.turned or lower_bound(product.n) >= product.element.lanes:
        yield _tiled(product)
    if _panels(product):
        yield _tiled(product, panel=True)


def _dots(product: Product) -> Iterator[Candidate]:
    if product.tb and not product.ta:
        yield _rows(product)


@serves("MatrixMul", "BatchedMatrixMul", "Dot")
def products(node: Node, target: Target) -> Iterator[Candidate]:
    """Tiles; rows with rows where both lie along k; one by one."""
    product = product_of(node, target)
    if product is None:
        return
    families = _anyhow(product), _tiles(product), _dots(product)
    for c in offers(*families):
        yield replace(c, in_blocks=(1,) * len(node.inputs))
