"""Elements by size or by conditions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.frontends import compose
from mgecc.frontends.tensors import INT64
from mgecc.graph.attributes import NoAttrs
from mgecc.graph.types import INT32
from mgecc.ops.known import axis_of

from . import Tensor, TensorBuilder, TfliteNode, rule


@rule("TopK", "TOPK_V2")
def top_k(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """The largest numbers of each row, in order, and their positions."""
    x, count = node.operand(0), node.operand(1).integers[0]
    return compose.top_k(t, x, count, positions=INT32)


@rule("ElemwiseMultiType", "ONE_HOT")
def one_hot(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """``on`` where the position along a new axis is the index, else ``off``."""
    index, depth, on, off = (node.operand(k) for k in range(4))
    axis = axis_of(node.require("axis"), index.rank + 1)
    count = depth.integers[0]
    compose.check_table(count)
    shape = [count if k == axis else 1 for k in range(index.rank + 1)]
    places = t.constant(np.arange(count, dtype=index.dtype.numpy).reshape(shape), index.dtype)
    return [t.where(t.compare("eq", t.unsqueeze(index, [axis]), places), on, off)]


@rule("NonZero", "WHERE")
def where(node: TfliteNode, t: TensorBuilder) -> Sequence[Tensor]:
    """Coordinates of the elements that are not zero, a row for each."""
    x = node.operand(0)
    number = t.cast(x, INT32) if x.dtype.name == "bool" else x
    return [t.transpose(t.one("NonZero", NoAttrs(), number, dtype=INT64), (1, 0))]
