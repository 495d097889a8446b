"""What kernels of sixteen products a step have in common, for machines with VMLADAV."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from mgecc.graph import Node
from mgecc.kernels.base import Const, Kernel, Operand, Param, Workspace
from mgecc.kernels.qconv.geometry import QConv, flip_of, signed_zero
from mgecc.kernels.requant import (
    epilogue_params,
    epilogue_suffix,
    numbers,
    rescale_operand,
    with_known_factor,
)
from mgecc.kernels.rescale import factor_constants
from mgecc.targets import Target


def is_served(target: Target) -> bool:
    """Whether the target adds up sixteen products, and has vectors of a block's four channels."""
    return target.facts.int8.mve and target.lanes == target.block_of("qint8") == 4


def kernel(
    node: Node,
    conv: QConv,
    target: Target,
    template: str,
    form: str,
    params: dict[str, Param],
    fields: Sequence[str],
    scratch: Sequence[tuple[str, str]],
) -> Kernel:
    """The kernel of a template in ``qconv/``; ``form``: its part of the symbol, ``scratch``: its operands of that."""
    epilogue = with_known_factor(node, conv.z, epilogue_params(node, target, conv.z))
    flip = flip_of(node.inputs[0])
    operands = [
        ("x", "const int8_t *"),
        ("w", "const int8_t *"),
        ("b", "const int32_t *"),
        ("q", "const float *"),
        *rescale_operand(epilogue),
        *([("z", "const int8_t *")] * (conv.z is not None)),
        ("y", "int8_t *"),
        *scratch,
    ]
    return Kernel(
        f"qconv_{'u8' if flip else 's8'}_{form}{epilogue_suffix(epilogue)}",
        f"qconv/{template}",
        tuple(operands),
        tuple((name, "int32_t") for name in fields),
        tuple(sorted({"flip": flip, **params, **epilogue}.items())),
        ("int8_steps", "rescale" if epilogue["rescale"] else "requant"),
    )


def operands(
    node: Node, conv: QConv, weights: Const, bias: Const, scratch: Sequence[Workspace]
) -> tuple[Operand, ...]:
    """Those of such a kernel."""
    x, channels = node.inputs[0], conv.geo.output[1]
    return (
        x,
        weights,
        bias,
        Const(partial(numbers, node, conv.z, signed_zero(x))),
        *factor_constants(node, channels, -(-channels // 4) * 4, 4),
        *([node.inputs[3]] if conv.z is not None else []),
        node.output,
        *scratch,
    )
