"""Generic quantised matrix product, one int32 accumulator at a time (plain.c.j2)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mgecc.graph import Node, Unsupported, Value
from mgecc.graph.symbolic import at_max_sizes
from mgecc.kernels.base import Call, Candidate, Const, Kernel, Operand
from mgecc.kernels.requant_plain import Epilogue, are_bytes, ctype, epilogue_of, letters
from mgecc.ops.matmul import MatrixMulAttrs
from mgecc.targets import Target

_FIELDS = ("batch", "m", "k", "n", "x_row", "x_step", "w_column", "w_step")


def _bias(node: Node) -> Value | None:
    if len(node.inputs) < 3 or not node.inputs[2].type.elements:
        return None
    value, columns = node.inputs[2], node.output.shape[-1]
    if not value.is_const or value.type.elements != columns or value.shape[-1] != columns:
        raise Unsupported(
            f"the bias {value.type} is not one constant per column", "add it by an operator of its own"
        )
    return value


def _kernel(epilogue: Epilogue, x: Value, w: Value) -> Kernel:
    types = {"xt": ctype(x), "wt": ctype(w), "yt": ctype(epilogue.node.output)}
    kind = letters(*types.values())
    return Kernel(
        f"qmatmul_{kind}_plain_{epilogue.suffix}",
        "qmatmul/plain.c.j2",
        (
            *(
                ("x", f"const {types['xt']} *"),
                ("w", f"const {types['wt']} *"),
                ("b", f"const {epilogue.bias_type} *"),
            ),
            *(("q", "const float *"), *epilogue.factor_operand, ("y", f"{types['yt']} *")),
        ),
        tuple((name, "int32_t") for name in _FIELDS),
        (("bits", epilogue.bits), ("epilogue", epilogue.parts), *sorted(types.items())),
        (epilogue.header,),
    )


def _build(node: Node) -> list[Call]:
    x, w = node.inputs[:2]
    epilogue = epilogue_of(node, _bias(node), None)
    *batch, m, n = node.output.shape
    attrs = node.attributes(MatrixMulAttrs)
    k = x.shape[-2] if attrs.transpose_a else x.shape[-1]
    x_strides = (1, m) if attrs.transpose_a else (k, 1)
    w_strides = (k, 1) if attrs.transpose_b else (1, n)
    operands: tuple[Operand, ...] = (
        x,
        w,
        Const(partial(epilogue.bias_array, n)),
        Const(partial(epilogue.numbers, x, w)),
        *epilogue.factors(n),
        node.output,
    )
    sizes = (batch[0] if batch else 1, m, k, n, *x_strides, *w_strides)
    return [Call(_kernel(epilogue, x, w), operands, sizes)]


def candidates(node: Node, target: Target) -> Iterator[Candidate]:
    """Any types of up to 16 bits, stored as they come or transposed, constant or computed."""
    if not are_bytes(*node.inputs[:2]):
        return
    epilogue_of(node, _bias(node), None)
    rows = at_max_sizes(node.output.type.elements) // max(1, at_max_sizes(node.output.shape[-1]))
    inner = at_max_sizes(node.inputs[0].type.elements) / max(1, rows)
    cost = node.output.type.elements * (5.0 * inner + 30)
    yield Candidate(_build, cost, (1,) * len(node.inputs), (1,), 500, why="one sum at a time")
