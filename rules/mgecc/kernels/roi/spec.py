"""Which poolings of regions are served: float32 in plain NCHW, boxes computed or not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod

from mgecc.graph import Node, Unsupported
from mgecc.kernels.base import Call, Candidate, Kernel, Operand, Param, Workspace, serves
from mgecc.kernels.plain import plain_candidate, require_float32
from mgecc.ops.roi import ClampedROIAlignAttrs, DeformablePSROIPoolingAttrs, ROIAlignAttrs, ROIPoolingAttrs
from mgecc.ops.roi_adaptive import AdaptiveROIAlignAttrs
from mgecc.targets import Target

_MAP = ("images", "n", "c", "h", "w", "ph", "pw")


def _sizes(node: Node) -> tuple[int, ...]:
    """Numbers of the fields ``_MAP``."""
    x, y = node.inputs[0].shape, node.outputs[0].shape
    return x[0], y[0], *x[1:], *y[2:]


def _kernel(name: str, operands: str, fields: tuple[str, ...], **ways: Param) -> Kernel:
    """``operands``: names that say their types."""
    template = name.split("_")[1]
    floats = ("scale", "offset", "std", "least")
    return Kernel(
        f"roi_{template}_f32{name.removeprefix('roi_' + template)}",
        f"roi/{template}.c.j2",
        tuple((word, _TYPES.get(word, "float *")) for word in operands.split()),
        tuple((field, "float" if field in floats else "int32_t") for field in fields),
        tuple(sorted(ways.items())),
    )


_READ = "const float *"
_TYPES = {"x": _READ, "rois": _READ, "trans": _READ, "at": "int32_t *", "index": "int32_t *"}


def _samples(count: int) -> list[Operand]:
    """Scratch memory for the neighbours of samples and their shares."""
    return [Workspace(16 * count), Workspace(16 * count)]


def _align(node: Node) -> list[Call]:
    attrs = node.attributes(ROIAlignAttrs)
    largest, (sh, sw) = attrs.mode == "max", attrs.samples
    fields = (*_MAP, "sh", "sw", "scale", "offset")
    least = (attrs.least,) if isinstance(attrs, ClampedROIAlignAttrs) else ()
    name = f"roi_align{'_clamped' * len(least)}{'_max' * largest}"
    names = "x rois at share y index"
    kernel = _kernel(name, names, (*fields, *["least"] * len(least)), largest=largest, clamped=bool(least))
    operands = (*node.inputs[:2], *_samples(sh * sw), *node.outputs)
    return [Call(kernel, operands, (*_sizes(node), sh, sw, attrs.scale, attrs.offset, *least))]


def _adaptive(node: Node) -> list[Call]:
    attrs = node.attributes(AdaptiveROIAlignAttrs)
    largest = attrs.mode == "max"
    fields = (*_MAP, "scale", "offset", "least")
    kernel = _kernel(f"roi_adaptive{'_max' * largest}", "x rois y", fields, largest=largest)
    numbers = (attrs.scale, attrs.offset, attrs.least)
    return [Call(kernel, (*node.inputs, node.output), (*_sizes(node), *numbers))]


def _pool(node: Node) -> list[Call]:
    attrs = node.attributes(ROIPoolingAttrs)
    largest = attrs.mode == "max"
    kernel = _kernel(f"roi_pool{'_max' * largest}", "x rois y index", (*_MAP, "scale"), largest=largest)
    operands = (*node.inputs[:2], *node.outputs)
    return [Call(kernel, operands, (*_sizes(node), attrs.scale))]


def _deformable(node: Node) -> list[Call]:
    attrs = node.attributes(DeformablePSROIPoolingAttrs)
    moved, per = attrs.moved, attrs.samples
    classes = node.inputs[2].shape[1] // 2 if moved else 1
    fields = (*_MAP, "classes", "per", "part", "scale", "std")
    names = f"x rois{' trans' * moved} at share y count"
    kernel = _kernel(f"roi_deformable{'_moved' * moved}", names, fields, moved=moved)
    operands = (*node.inputs[: 2 + moved], *_samples(per * per), *node.outputs)
    numbers = (classes, per, attrs.parts, attrs.scale, attrs.movement_scale)
    return [Call(kernel, operands, (*_sizes(node), *numbers))]


_BUILDS = {"ROIPooling": _pool, "DeformablePSROIPooling": _deformable}
_BUILDS["AdaptiveROIAlign"] = _adaptive


def _candidate(node: Node, samples: float) -> Candidate:
    require_float32(node.inputs[:2])
    build = _BUILDS.get(node.op, _align)
    return plain_candidate(
        node, partial(build), 100 + node.output.type.elements * (10 + 12 * samples), "bin by bin"
    )


@serves("ROIAlign", "ClampedROIAlign")
def aligns(node: Node, target: Target) -> Iterator[Candidate]:
    """Interpolated samples."""
    yield _candidate(node, prod(node.attributes(ROIAlignAttrs).samples))


@serves("AdaptiveROIAlign")
def adaptive(node: Node, target: Target) -> Iterator[Candidate]:
    """Interpolated samples, as many as boxes want."""
    yield _candidate(node, 4)


@serves("ROIPooling")
def pools(node: Node, target: Target) -> Iterator[Candidate]:
    """Whole pixels."""
    x, y = node.inputs[0].shape, node.output.shape
    yield _candidate(node, x[2] * x[3] / (y[2] * y[3] * 4))


@serves("DeformablePSROIPooling")
def deformables(node: Node, target: Target) -> Iterator[Candidate]:
    """Interpolated samples in moved bins."""
    attrs = node.attributes(DeformablePSROIPoolingAttrs)
    if attrs.moved:
        require_float32(node.inputs[2:3])
        if node.inputs[0].shape[1] % (node.inputs[2].shape[1] // 2):
            raise Unsupported(
                f"movements {node.inputs[2].type} do not fit the channels of {node.inputs[0].type}"
            )
    yield _candidate(node, attrs.samples**2)
