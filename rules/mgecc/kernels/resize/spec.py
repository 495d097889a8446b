"""Which resizing and blurring operators are served."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod

from mgecc.graph import Node, TensorType, Unsupported
from mgecc.graph.symbolic import at_max_sizes, equal
from mgecc.graph.types import FLOAT32
from mgecc.kernels.base import Call, Candidate, Operand, Workspace, serves
from mgecc.kernels.plain import require_float32
from mgecc.kernels.resize.blur import blur_taps
from mgecc.kernels.resize.passes import Axes, Images, cost, fixed_point, moved, weighted
from mgecc.kernels.resize.tables import axis_of, fixed_axis_of, known_axis
from mgecc.ops.resample import ResampleAttrs, tables
from mgecc.ops.resize import Resize3DAttrs, ResizeAttrs, interpolation, is_fixed_point
from mgecc.ops.sampling import Layout
from mgecc.targets import Target


def _images(kind: TensorType, layout: Layout, block: int) -> Images:
    """A value in plain memory, or in NCHWc with ``block`` channels."""
    stored = kind.with_block(block).stored_shape
    if layout == "nhwc":
        return Images(*stored)
    n, c, h, w, *inner = stored
    return Images(n * c, h, w, prod(inner))


def _fixed(node: Node) -> list[Call]:
    x, y = node.inputs[0], node.output
    images, result = (_images(v.type, "nhwc", 1) for v in (x, y))
    rows, columns = (
        fixed_axis_of(interpolation(node), *sizes) for sizes in ((images.h, result.h), (images.w, result.w))
    )
    return fixed_point(images, rows, columns, x, y)


def _axes(node: Node, images: Images, result: Images) -> Axes:
    mode = interpolation(node)
    columns = axis_of(mode, images.w, result.w)
    kept = equal(images.w, result.w) and mode != "nearest"
    return Axes(axis_of(mode, images.h, result.h), None if kept else columns)


def _resize(block: int, node: Node) -> list[Call]:
    x, y, attrs = node.inputs[0], node.output, node.attributes(ResizeAttrs)
    images, result = (_images(v.type, attrs.layout, block) for v in (x, y))
    axes = _axes(node, images, result)
    if attrs.mode == "nearest":
        return moved(x.type.dtype.size, images, axes, x, y)
    return weighted(x.type.dtype, images, axes, x, y)


@serves("Resize")
def resizes(node: Node, target: Target) -> Iterator[Candidate]:
    """Nearest of any type, else float32 and bytes; plain or in NCHWc."""
    x, attrs = node.inputs[0].type, node.attributes(ResizeAttrs)
    if is_fixed_point(node):
        _fixed(node)
        work = 50.0 + 8.0 * node.output.type.elements + 4.0 * x.elements
        ones = (1,) * len(node.inputs)
        yield Candidate(_fixed, work, ones, (1,), 500, why="weighted rows, then columns, in integers")
        return
    blocks = {1, target.block_of(x.dtype.name)}
    for block in sorted(blocks if attrs.layout == "nchw" else {1}):
        images, result = (_images(v.type, attrs.layout, block) for v in (node.inputs[0], node.output))
        axes = _axes(node, images, result)
        nearest = attrs.mode == "nearest"
        steps = 50 + result.n * result.h * result.w * (3 + images.inner * x.dtype.size / 16)
        if not nearest:
            weighted(x.dtype, images, axes, node.inputs[0], node.output)
        yield Candidate(
            partial(_resize, block),
            steps if nearest else _speed(block, target, cost(images, axes)),
            (block, *[1] * (len(node.inputs) - 1)),
            (block,),
            300 if nearest else 600,
            why="pixels taken" if nearest else "weighted rows, then columns",
        )


def _speed(block: int, target: Target, steps: float) -> float:
    """Blocked pixels are vectors, plain columns single numbers."""
    return steps / max(1, min(block, target.lanes) / 2) if block > 1 else steps


def _resize3d(node: Node) -> list[Call]:
    """Planes first, into scratch memory, then rows and columns of every plane."""
    x, y, attrs = node.inputs[0], node.output, node.attributes(Resize3DAttrs)
    shape, target = (_volume(v.type, attrs.layout) for v in (x, y))
    n, d, h, w, inner = shape
    depth, rows, columns = (axis_of("linear", shape[i], target[i], attrs.align_corners) for i in (1, 2, 3))
    between = Workspace(4 * n * target[1] * h * w * inner)
    first = weighted(x.type.dtype, Images(n, d, 1, h * w * inner), Axes(depth, None), x, between)
    second = weighted(x.type.dtype, Images(n * target[1], h, w, inner), Axes(rows, columns), between, y)
    return [*first, *second]


def _volume(kind: TensorType, layout: str) -> tuple[int, int, int, int, int]:
    """(volumes, planes, rows, columns, numbers a voxel)."""
    if layout == "ndhwc":
        n, d, h, w, inner = kind.shape
        return n, d, h, w, inner
    n, c, d, h, w = kind.shape
    return n * c, d, h, w, 1


@serves("Resize3D")
def volumes(node: Node, target: Target) -> Iterator[Candidate]:
    """float32 volumes, one axis before the other two."""
    if node.inputs[0].type.dtype.name != "float32":
        raise Unsupported(f"{node.inputs[0].type.dtype} volumes have no kernel", "cast them to float32")
    work = 12.0 * max(at_max_sizes(node.output.type.elements), at_max_sizes(node.inputs[0].type.elements))
    yield Candidate(_resize3d, work, (1,) * len(node.inputs), (1,), 1000, why="planes, then rows and columns")


def _steps(node: Node) -> list[tuple[int, Axes]]:
    """First axis and taps of every pass; neighbouring axes are made anew together."""
    steps, waiting = list[tuple[int, Axes]](), sorted(tables(node))
    while waiting:
        first, rows = waiting.pop(0)
        together = waiting and waiting[0][0] == first + 1
        columns = known_axis(waiting.pop(0)[1]) if together else None
        steps.append((first, Axes(known_axis(rows), columns)))
    return steps


def _passes(node: Node, block: int = 1) -> list[tuple[Images, Axes, int]]:
    """What every pass reads and makes, and elements of its result."""
    shape, found = list(node.inputs[0].type.with_block(block).stored_shape), []
    for first, axes in _steps(node):
        width = shape[first + 1] if axes.columns else 1
        after = prod(shape[first + 1 + (axes.columns is not None) :])
        images = Images(prod(shape[:first]), shape[first], width, after)
        shape[first] = axes.rows.length
        if axes.columns:
            shape[first + 1] = axes.columns.length
        found.append((images, axes, prod(shape)))
    return found


def _resample(block: int, node: Node) -> list[Call]:
    """Results between the passes lie in scratch memory."""
    calls = list[Call]()
    at: Operand = node.inputs[0]
    passes = _passes(node, block)
    for number, (images, axes, size) in enumerate(passes, 1):
        to: Operand = node.output if number == len(passes) else Workspace(4 * size)
        calls += weighted(FLOAT32, images, axes, at, to)
        at = to
    return calls


@serves("Resample")
def resamplings(node: Node, target: Target) -> Iterator[Candidate]:
    """float32, axis after axis, neighbouring ones together; rows and columns of images in NCHWc, too."""
    require_float32((node.inputs[0], node.output))
    rest, axes = (1,) * (len(node.inputs) - 1), node.attributes(ResampleAttrs).axes
    planar = node.inputs[0].type.rank == 4 and set(axes) <= {2, 3}
    for block in sorted({1, target.block_of("float32")} if planar else {1}):
        steps = sum(cost(images, axes) for images, axes, _ in _passes(node, block))
        speed = _speed(block, target, steps)
        yield Candidate(
            partial(_resample, block), speed, (block, *rest), (block,), 600, why="weighted sums, axis by axis"
        )


def _blur(node: Node) -> list[Call]:
    x = node.inputs[0]
    rows, columns = map(known_axis, blur_taps(node))
    return weighted(x.type.dtype, Images(*x.shape), Axes(rows, columns), x, node.output)


@serves("GaussianBlur")
def blurs(node: Node, target: Target) -> Iterator[Candidate]:
    """Images (n, h, w, c) by windows of any size and border: weighted rows, then columns."""
    rows, columns = map(known_axis, blur_taps(node))
    steps = cost(Images(*node.inputs[0].shape), Axes(rows, columns))
    yield Candidate(_blur, steps, (1,), (1,), 600, why="weighted rows, then columns")
