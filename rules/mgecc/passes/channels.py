"""What quantised nodes do with the channels of their first operand, axis 1: which of their results are constant, which
channels they read, and what they are without some.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mgecc import ops
from mgecc.graph import Node, Value
from mgecc.ops.arithmetic import product_type
from mgecc.ops.convolution import ConvBiasAttrs
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.ops.quantize import same_unit
from mgecc.ops.rescale import rescale_of
from mgecc.passes.build import constant, node_like

Mask = np.ndarray
"""One bool for each channel."""
_INSIDE = ((0, 0), (0, 0))


@dataclass(frozen=True)
class Constants:
    """Which channels of a value are one stored number everywhere, and which number; others have the zero point here."""

    known: Mask
    numbers: np.ndarray

    @staticmethod
    def unknown(value: Value) -> Constants:
        count = len(all_of(value))
        return Constants(np.zeros(count, bool), np.full(count, value.type.dtype.zero_point, np.int64))


def all_of(value: Value) -> Mask:
    return np.ones(value.shape[1] if value.type.rank > 1 else 0, bool)


def none_of(value: Value) -> Mask:
    return ~all_of(value)


@dataclass(frozen=True)
class View:
    """One node. ``is_channelwise``: each channel of the result is made of that of the operand alone."""

    node: Node
    is_channelwise = False

    def constants(self, x: Constants) -> Constants:
        """What is known of the result."""
        return Constants.unknown(self.node.output)

    def reads(self, kept: Mask, x: Constants) -> Mask:
        """The channels of the operand that count for the kept ones of the result."""
        raise NotImplementedError

    def cut(self, x_kept: Mask, y_kept: Mask, x: Constants) -> None:
        """Change the node to one of these channels."""
        raise NotImplementedError

    def _zeros(self, x: Constants) -> Mask:
        """Channels of the operand that are zero everywhere."""
        return np.asarray(x.known & (x.numbers == self.node.inputs[0].type.dtype.zero_point))

    def _weights(self) -> np.ndarray:
        """Weights from their zero point."""
        value = self.node.inputs[1]
        assert value.const is not None
        return value.const.astype(np.int64) - value.type.dtype.zero_point

    def _narrow(self, kept: Mask) -> None:
        y = self.node.output
        y.type = y.type.with_shape((y.shape[0], int(kept.sum()), *y.shape[2:]))

    def _take_weights(self, array: np.ndarray) -> None:
        old = self.node.inputs[1]
        self.node.inputs[1] = constant(old.name, array, old.type.dtype)


class _Convolution(View):
    """A dense one or a depthwise one."""

    def _attrs(self) -> ConvBiasAttrs:
        return self.node.attributes(ConvBiasAttrs)

    def _settled(self, x: Constants) -> Mask:
        """Known channels of the operand that padding does not change."""
        is_inside = self._attrs().padding == _INSIDE and len(self.node.inputs) > 2
        return x.known if is_inside else self._zeros(x)

    def _results(self, x: Constants) -> np.ndarray:
        """The stored results for channels that are these numbers everywhere."""
        node, attrs = self.node, replace(self._attrs(), padding=_INSIDE)
        data, weights = node.inputs[0], node.inputs[1]
        extent = attrs.over(weights.shape[2:]).extent
        filled = np.broadcast_to(x.numbers.reshape(1, -1, 1, 1), (1, len(x.numbers), *extent))
        small = constant(data.name, filled, data.type.dtype)
        made = node_like(node, node.op, attrs, [small, *node.inputs[1:]])
        arrays = [v.const for v in made.inputs if v.const is not None]
        return ops.evaluate(made, arrays)[0].reshape(-1).astype(np.int64)

    def _take_factors(self, kept: Mask) -> None:
        rescale = self._attrs().rescale
        if rescale is not None and len(rescale.factors) > 1:
            factors = tuple(factor for factor, is_kept in zip(rescale.factors, kept) if is_kept)
            self.node.attrs = replace(self._attrs(), rescale=replace(rescale, factors=factors))

    def _take_bias(self, added: np.ndarray | int, kept: Mask) -> None:
        if len(self.node.inputs) > 2:
            old = self.node.inputs[2]
            assert old.const is not None
            stored = (old.const.reshape(-1).astype(np.int64) + added)[kept]
            self.node.inputs[2] = constant(old.name, stored.reshape(1, -1, 1, 1), old.type.dtype)


class _Dense(_Convolution):
    def _used(self) -> np.ndarray:
        """(outputs, inputs): whether any weight between them is none."""
        return np.asarray(self._weights().any(axis=(2, 3)))

    def constants(self, x: Constants) -> Constants:
        known = ~(self._used() & ~self._settled(x)).any(axis=1)
        return Constants(known, self._results(x)) if known.any() else super().constants(x)

    def reads(self, kept: Mask, x: Constants) -> Mask:
        return np.asarray(self._used()[kept].any(axis=0) & ~self._settled(x))

    def cut(self, x_kept: Mask, y_kept: Mask, x: Constants) -> None:
        weights, old = self._weights(), self.node.inputs[1]
        assert old.const is not None
        units = x.numbers - self.node.inputs[0].type.dtype.zero_point
        added = (weights.sum(axis=(2, 3)) * units)[:, ~x_kept].sum(axis=1)
        self._take_bias(added, y_kept)
        self._take_factors(y_kept)
        self._take_weights(old.const[y_kept][:, x_kept])
        self._narrow(y_kept)


class _Depthwise(_Convolution):
    is_channelwise = True

    def constants(self, x: Constants) -> Constants:
        known = self._settled(x) | ~self._weights().any(axis=(1, 2, 3))
        return Constants(known, self._results(x)) if known.any() else super().constants(x)

    def reads(self, kept: Mask, x: Constants) -> Mask:
        return kept

    def cut(self, x_kept: Mask, y_kept: Mask, x: Constants) -> None:
        old = self.node.inputs[1]
        assert old.const is not None
        self._take_bias(0, y_kept)
        self._take_factors(y_kept)
        self._take_weights(old.const[y_kept])
        self.node.attrs = replace(self._attrs(), groups=int(y_kept.sum()))
        self._narrow(y_kept)


class _Pooling(View):
    is_channelwise = True

    def constants(self, x: Constants) -> Constants:
        value = self.node.inputs[0]
        shape = (1, len(x.numbers), *[1] * (value.type.rank - 2))
        filled = np.broadcast_to(x.numbers.reshape(shape), value.shape).astype(value.type.dtype.numpy)
        result = ops.evaluate(self.node, [filled])[0].astype(np.int64)
        flat = np.moveaxis(result, 1, 0).reshape(len(x.numbers), -1)
        return Constants(x.known & (flat == flat[:, :1]).all(axis=1), flat[:, 0])

    def reads(self, kept: Mask, x: Constants) -> Mask:
        return kept

    def cut(self, x_kept: Mask, y_kept: Mask, x: Constants) -> None:
        self._narrow(y_kept)


class _Flattening(View):
    """(n, c, 1, 1) to (n, c)."""

    is_channelwise = True

    def constants(self, x: Constants) -> Constants:
        return x

    def reads(self, kept: Mask, x: Constants) -> Mask:
        return kept

    def cut(self, x_kept: Mask, y_kept: Mask, x: Constants) -> None:
        self._narrow(y_kept)
        old = self.node.inputs[1]
        self.node.inputs[1] = constant(old.name, self.node.output.shape, old.type.dtype)


class _Product(View):
    """A matrix product with constant weights."""

    def _by_input(self, array: np.ndarray) -> np.ndarray:
        return array.T if self.node.attributes(MatrixMulAttrs).transpose_b else array

    def reads(self, kept: Mask, x: Constants) -> Mask:
        return np.asarray(self._by_input(self._weights()).any(axis=1) & ~self._zeros(x))

    def cut(self, x_kept: Mask, y_kept: Mask, x: Constants) -> None:
        old = self.node.inputs[1]
        assert old.const is not None
        self._take_weights(self._by_input(self._by_input(old.const)[x_kept]))


def _view_of_convolution(node: Node) -> View | None:
    x, w = node.inputs[:2]
    terms = node.inputs[2:]
    is_plain = len(terms) < 2 and all(_is_unit(node, term) for term in terms)
    if not (is_plain and w.is_const and x.type.rank == w.type.rank == 4):
        return None
    groups = node.attributes(ConvBiasAttrs).groups
    if groups == 1:
        return _Dense(node)
    return _Depthwise(node) if groups == x.shape[1] == w.shape[0] else None


def _is_unit(node: Node, bias: Value) -> bool:
    """Whether a constant for each channel counts the same steps as the sums."""
    total = product_type(*(v.type.dtype for v in node.inputs[:2]))
    shape = (1, node.output.shape[1], 1, 1)
    is_unit = rescale_of(node) is not None or same_unit(bias.type.dtype, total)
    return bias.is_const and bias.shape == shape and is_unit


def _view_of_pooling(node: Node) -> View | None:
    return _Pooling(node) if node.inputs[0].type.rank == 4 else None


def _view_of_reshape(node: Node) -> View | None:
    x, y = node.inputs[0].shape, node.output.shape
    is_flat = len(x) == 4 and x[2:] == (1, 1) and y == x[:2]
    return _Flattening(node) if is_flat and node.inputs[1].is_const else None


def _view_of_product(node: Node) -> View | None:
    x, w = node.inputs[:2]
    is_plain = x.type.rank == w.type.rank == 2 and w.is_const and not x.is_const
    return _Product(node) if is_plain and not node.attributes(MatrixMulAttrs).transpose_a else None


_VIEWS: dict[str, Callable[[Node], View | None]] = {
    "ConvBias": _view_of_convolution,
    "Pooling": _view_of_pooling,
    "Reshape": _view_of_reshape,
    "MatrixMul": _view_of_product,
}


def view_of(node: Node) -> View | None:
    """What a node of quantised bytes does with channels; None where that is not known."""
    if node.op not in _VIEWS or len(node.outputs) > 1:
        return None
    is_quantised = all(v.type.dtype.is_quantized for v in (node.inputs[0], node.output))
    products = node.op in ("ConvBias", "MatrixMul")
    fits = is_quantised and (not products or node.inputs[1].type.dtype.is_quantized)
    return _VIEWS[node.op](node) if fits else None
