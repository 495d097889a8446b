"""Which poolings are served, by which templates."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mgecc.graph import Node
from mgecc.graph.symbolic import always, at_max_sizes, equal, upper_bound
from mgecc.kernels.base import Call, Candidate, Kernel, Partition, serves
from mgecc.kernels.element import Element, element_of
from mgecc.ops.pooling import PoolingAttrs, pooling_of
from mgecc.ops.window import Window
from mgecc.targets import Target

_FIELDS = ("planes", "h", "w", "oh", "ow", "kh", "kw", "sh", "sw", "pt", "pl")
_GLOBAL = ("planes", "pixels")
_MOST_UNROLLED = 16
_MOST_SHARED = 9  # in windows of several rows and columns
_TOGETHER = 8  # outputs that share what they take of a column
_MOST_HALVES = 256  # cells of a window whose mean is added up in halves


def _mode(attrs: PoolingAttrs) -> str:
    """What the templates call it: ``inner`` means are of the cells inside alone."""
    return "max" if attrs.mode == "max" else "avg" if attrs.count_padding else "inner"


def _kernel(
    element: Element, template: str, form: tuple[str, str], fields: tuple[str, ...], **params: int
) -> Kernel:
    """``form``: for the symbol, and the mode."""
    (symbol, mode), c = form, params.get("c", 1)
    numbers = (("scale", "float"),) if mode == "avg" else ()
    return Kernel(
        f"pool_{element.name}_{mode}_{symbol}_c{c}",
        f"pool/{template}.c.j2",
        (("x", element.const), ("y", element.pointer)),
        (*((name, "int32_t") for name in fields), *numbers),
        (("mode", mode), ("scaled", element.half and mode != "max"), *sorted(params.items())),
        element.needs,
        half=element.half,
    )


def _sizes(node: Node, window: Window, c: int) -> dict[str, int]:
    n, ch, h, w = node.inputs[0].shape
    (kh, kw), (sh, sw), ((pt, _), (pl, _)) = window.kernel, window.stride, window.pad
    oh, ow = node.output.shape[2:]
    return {
        "planes": n * -(-ch // c), "h": h, "w": w, "oh": oh, "ow": ow, "kh": kh, "kw": kw, "sh": sh, "sw": sw,
        "pt": pt, "pl": pl, "pixels": h * w,
    }  # fmt: skip


def _call(window: Window, kernel: Kernel, c: int, node: Node) -> list[Call]:
    sizes = _sizes(node, window, c)
    scale = 1.0 / (window.kernel[0] * window.kernel[1])
    args = [scale if ctype == "float" else sizes[name] for name, ctype in kernel.fields]
    pixel = c * node.inputs[0].type.dtype.size
    planes = {"x": sizes["pixels"] * pixel, "y": sizes["oh"] * sizes["ow"] * pixel}
    return [Call(kernel, (node.inputs[0], node.output), tuple(args), partition=Partition("planes", planes))]


def _is_global(node: Node, window: Window) -> bool:
    whole_image = all(map(equal, window.kernel, node.inputs[0].shape[2:]))
    return whole_image and not any(map(any, window.pad))


def _blocked(node: Node, window: Window, mode: str, element: Element) -> Kernel:
    (kh, kw), c = window.kernel, element.block
    if _is_global(node, window):
        return _kernel(element, "global", ("global", "avg" if mode == "inner" else mode), _GLOBAL, c=c)
    if always(lambda: kh * kw <= _MOST_UNROLLED) and mode != "inner":
        return _kernel(element, "pool", (f"k{kh}x{kw}", mode), _FIELDS, c=c, kh=kh, kw=kw)
    return _kernel(element, "pool", ("any", mode), _FIELDS, c=c, kh=0, kw=0)


def _rows(node: Node, window: Window, mode: str, element: Element) -> Iterator[Candidate]:
    """Outputs side by side, for small windows; the mean of halves wants every cell scaled."""
    (kh, kw), sw, c = window.kernel, window.stride[1], element.block
    most = _MOST_UNROLLED if 1 in (kh, kw) else _MOST_SHARED
    small = always(lambda: kh * kw <= most) and always(lambda: sw <= kw)
    if not small or mode == "inner" or _is_global(node, window) or (element.half and mode == "avg"):
        return
    p = _TOGETHER
    if at_max_sizes(node.output.shape[3]) < p:
        return
    multi_load = element.simd.multi_load
    form = (f"k{kh}x{kw}s{sw}_p{p}", mode)
    kernel = _kernel(element, "rows", form, _FIELDS, c=c, kh=kh, kw=kw, sw=sw, p=p, multi_load=multi_load)
    columns = ((p - 1) * sw + kw) * kh
    each = (columns * (1.3 if multi_load else 2.0) + p * kw + 20) / p
    results = -(-node.output.shape[1] // c) * node.output.type.elements / node.output.shape[1]
    code = 500 + 6 * columns + 8 * p * kw
    build = partial(_call, window, kernel, c)
    rest = (1,) * (len(node.inputs) - 1)
    yield Candidate(build, results * (each + 2), (c, *rest), (c,), code, why=f"{p} outputs side by side")


def _element(node: Node, attrs: PoolingAttrs, target: Target) -> Element | None:
    """None for other types, and for means of so many halves that their sum is to be float32."""
    element = element_of(node, target, (node.inputs[0], *node.outputs))
    many = upper_bound(attrs.window[0] * attrs.window[1]) > _MOST_HALVES
    return None if element and element.half and many and attrs.mode != "max" else element


@serves("Pooling", "AdaptivePooling")
def pooling(node: Node, target: Target) -> Iterator[Candidate]:
    """Channel blocks of the vector's lanes, and plain layout."""
    attrs = pooling_of(node)
    window, mode, element = attrs.geometry, _mode(attrs), _element(node, attrs, target)
    if element is None:
        return
    taps, rest, c = window.kernel[0] * window.kernel[1], (1,) * (len(node.inputs) - 1), element.block
    if c == element.lanes:
        kernel = _blocked(node, window, mode, element)
        results = -(-node.output.shape[1] // c) * node.output.type.elements / node.output.shape[1]
        cost = results * (taps * (1.3 if "any" not in kernel.symbol else 3.0) + 14)
        build = partial(_call, window, kernel, c)
        yield Candidate(build, cost, (c, *rest), (c,), 400 + 8 * taps, why=f"pooling of {c} channels at once")
        yield from _rows(node, window, mode, element)
    if target.lanes > 1 and not element.half:
        kernel = _kernel(element, "plain", ("plain", mode), _FIELDS)
        cost = node.output.type.elements * (taps * 4.0 + 25)
        yield Candidate(
            partial(_call, window, kernel, 1), cost, (1, *rest), (1,), 500, why="pooling in plain layout"
        )
