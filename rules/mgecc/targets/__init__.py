"""Targets: one YAML file each says what a machine is and how to build and run for it.

A board or CPU of the user's own is one more file. May import: mgecc.graph, pyyaml.
"""

from mgecc.targets.isa import Int8, Isa, Simd, isa_names
from mgecc.targets.own import split_path
from mgecc.targets.target import (
    Target,
    TargetError,
    board_names,
    core_names,
    description_files,
    load_target,
    nearest,
    target_names,
    target_options,
    with_half_lanes,
)
from mgecc.targets.toolchain import (
    Toolchain,
    ToolchainMissing,
    cross_compilers,
    load_toolchain,
    toolchain_names,
)

__all__ = [
    "Int8",
    "Isa",
    "Simd",
    "Target",
    "TargetError",
    "Toolchain",
    "ToolchainMissing",
    "board_names",
    "core_names",
    "cross_compilers",
    "description_files",
    "isa_names",
    "load_target",
    "load_toolchain",
    "nearest",
    "split_path",
    "target_names",
    "target_options",
    "toolchain_names",
    "with_half_lanes",
]
