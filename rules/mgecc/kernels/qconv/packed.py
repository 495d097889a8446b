"""What int8 kernels have in common whose weights are packed for a multiply-accumulate instruction of Cortex-M.

SMLAD adds two products of 16 bits (DSP extension), VMLADAV sixteen of 8 bits (Helium); see the Armv7-M and Armv8-M
Architecture Reference Manuals. Cores with neither multiply two pixels in a word at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mgecc.graph import Node
from mgecc.kernels.base import Const, Kernel, Operand, Param, Workspace
from mgecc.kernels.qconv.geometry import QConv, flip_of, is_positive, signed_zero
from mgecc.kernels.requant import (
    epilogue_params,
    epilogue_suffix,
    numbers,
    rescale_operand,
    with_known_factor,
)
from mgecc.kernels.rescale import factor_constants
from mgecc.targets import Target


@dataclass(frozen=True)
class Instruction:
    """``vocabulary``: the header that has it. ``word``: C type of packed weights. ``lanes``: channels whose factors lie
    side by side."""

    vocabulary: str
    word: str
    lanes: int

    def kernel(
        self,
        node: Node,
        conv: QConv,
        target: Target,
        template: str,
        form: str,
        params: dict[str, Param],
        fields: Sequence[str],
        scratch: Sequence[tuple[str, str]],
    ) -> Kernel:
        """The kernel of a template in ``qconv/``. ``form``: its part of the symbol; ``scratch``: its last operands."""
        epilogue = with_known_factor(node, conv.z, epilogue_params(node, target, conv.z))
        flip = flip_of(node.inputs[0])
        operands = [
            ("x", "const int8_t *"),
            ("w", f"const {self.word} *"),
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
            (self.vocabulary, "rescale" if epilogue["rescale"] else "requant"),
        )

    def operands(
        self, node: Node, conv: QConv, weights: Const, bias: Const, *scratch: int
    ) -> tuple[Operand, ...]:
        """Those of such a kernel; ``scratch``: bytes of each of the last ones."""
        x, channels = node.inputs[0], conv.geo.output[1]
        return (
            x,
            weights,
            bias,
            Const(partial(numbers, node, conv.z, signed_zero(x))),
            *factor_constants(node, channels, -(-channels // 4) * 4, self.lanes),
            *([node.inputs[3]] if conv.z is not None else []),
            node.output,
            *map(Workspace, scratch),
        )


SMLAD = Instruction("int8_pairs", "int32_t", 1)
VMLADAV = Instruction("int8_steps", "int8_t", 4)
SWAR = Instruction("int8_swar", "int8_t", 1)


def has_smlad(target: Target) -> bool:
    """Whether the target has it, and channels in blocks of four."""
    return target.facts.int8.dual_madd and target.block_of("qint8") == 4


def has_swar(target: Target) -> bool:
    """Whether two pixels in a word are the fastest products that the target has, and channels in blocks of four."""
    return target.facts.int8.swar and target.block_of("qint8") == 4


def halves(node: Node, weights: np.ndarray) -> tuple[list[np.ndarray], int]:
    """Arrays of magnitudes of weights, and how large sums of each may be such that those of products fit 16 bits.

    Of inputs that are never negative only weights of one sign add up.
    """
    if is_positive(node.inputs[0]):
        return [np.maximum(weights, 0), np.maximum(-weights, 0)], 32767 // 127
    return [np.abs(weights)], 32767 // 128


def fits_halves(node: Node, weights: np.ndarray) -> np.ndarray:
    """Whether 16 bits hold sums of products over the last axis."""
    parts, limit = halves(node, weights.astype(np.int32))
    return np.asarray(np.all([part.sum(axis=-1) <= limit for part in parts], axis=0))


def has_vmladav(target: Target) -> bool:
    """Whether the target has it, and vectors of a block's four channels."""
    return target.facts.int8.mve and target.lanes == target.block_of("qint8") == 4
