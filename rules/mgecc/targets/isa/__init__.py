"""Instruction sets: one record each, ``<name>.yaml`` of this folder, says what kernels may ask of one.

With the header ``kernels/simd/<name>.h`` that is all there is to an instruction set. A target may also describe one of
its own (docs/new-isa.md).
"""

from mgecc.targets.isa.facts import Int8, Isa, Simd
from mgecc.targets.isa.read import IsaError, isa_names, own_isa, read_isa, read_yaml

__all__ = ["Int8", "Isa", "IsaError", "Simd", "isa_names", "own_isa", "read_isa", "read_yaml"]
