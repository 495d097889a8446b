"""Geometry of a convolution node (channels, window, stride, padding), and its weights and bias as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgecc.graph import Node, Unsupported, Value
from mgecc.graph.symbolic import equal, sym_max
from mgecc.kernels.element import Element, element_of
from mgecc.kernels.fused import Activation, activation_of
from mgecc.kernels.weights import WeightType, weight_type
from mgecc.ops.convolution import geometry
from mgecc.targets import Target


@dataclass(frozen=True)
class Conv:
    """Sizes of one convolution. ``ic``, ``oc``: channels of all groups; ``pr``: columns read past the image."""

    n: int
    ic: int
    oc: int
    groups: int
    h: int
    w: int
    oh: int
    ow: int
    kh: int
    kw: int
    sh: int
    sw: int
    dh: int
    dw: int
    pt: int
    pl: int
    activation: Activation
    has_z: bool
    weights: WeightType
    element: Element

    @property
    def pixels(self) -> int:
        return self.oh * self.ow

    @property
    def taps(self) -> int:
        return self.kh * self.kw

    @property
    def pr(self) -> int:
        """Columns that the last output of a row reads right of the image."""
        return sym_max(0, (self.ow - 1) * self.sw + (self.kw - 1) * self.dw + 1 - self.pl - self.w)

    @property
    def pb(self) -> int:
        """Rows that the last row of outputs reads below the image."""
        return sym_max(0, (self.oh - 1) * self.sh + (self.kh - 1) * self.dh + 1 - self.pt - self.h)

    @property
    def padded(self) -> tuple[int, int]:
        """Height and width of the image with all that windows read beside it."""
        return self.pt + self.h + self.pb, self.pl + self.w + self.pr

    @property
    def is_depthwise(self) -> bool:
        return self.groups == self.ic == self.oc

    @property
    def is_pointwise(self) -> bool:
        """One tap, on every pixel: a matrix product over flat pixels."""
        return (
            self.taps == 1
            and (self.sh, self.sw, self.pt, self.pl) == (1, 1, 0, 0)
            and equal(self.h, self.oh)
            and equal(self.w, self.ow)
        )

    @property
    def needs(self) -> tuple[str, ...]:
        """Headers of ``simd/`` besides the ISA's own."""
        return self.element.needs + self.activation.needs + self.weights.needs

    @property
    def macs(self) -> int:
        return self.n * self.oc * self.pixels * self.taps * (self.ic // self.groups)


def conv_of(node: Node, target: Target) -> Conv | None:
    """Sizes of a convolution of real numbers with a constant bias; None for other element types and forms."""
    element = element_of(node, target)
    if element is None:
        return None
    if bias_value(node) is None and len(node.inputs) > 2:
        raise Unsupported("the bias is computed by the model", "add it by an operator of its own")
    geo = geometry(node).in_rows
    window, (g, opg, ipg) = geo.window, geo.weights[:3]
    n, _, h, width = geo.x
    (oh, ow), (kh, kw) = geo.output[2:], window.kernel
    (sh, sw), (dh, dw), ((pt, _), (pl, _)) = window.stride, window.dilate, window.pad
    sizes = (n, g * ipg, g * opg, g, h, width, oh, ow, kh, kw, sh, sw, dh, dw, pt, pl)
    return Conv(*sizes, activation_of(node), residual(node) is not None, weight_type(node), element)


def bias_value(node: Node) -> Value | None:
    """The constant bias per channel, or the empty constant that stands for none."""
    if len(node.inputs) < 3:
        return None
    value = node.inputs[2]
    is_bias = value.is_const and value.type.elements in (0, node.output.shape[1])
    return value if is_bias else None


def residual(node: Node) -> Value | None:
    """The tensor that is added before the activation."""
    if len(node.inputs) < 4 or not node.inputs[3].type.elements:
        return None
    z = node.inputs[3]
    if z.shape != node.output.shape or z.is_const:
        raise Unsupported(f"the residual {z.type} is not a computed tensor of the result's shape")
    return z


def weights_of(node: Node) -> np.ndarray:
    """Weights (groups, oc / groups, ic / groups, kh, kw)."""
    w = node.inputs[1].const
    assert w is not None
    return w.reshape(geometry(node).in_rows.weights)


def bias_of(node: Node, first: int, count: int) -> np.ndarray:
    """Bias of ``count`` channels from ``first`` on, zeros past the last."""
    result = np.zeros(count, node.output.type.dtype.numpy)
    value = bias_value(node)
    if value is not None and value.const is not None:
        given = value.const.reshape(-1)[first : first + count]
        result[: given.size] = given
    return result
