"""Targets: one YAML file each says what a machine is and how to build and run for it.

A board or CPU of the user's own is one more file. May import: mgecc.graph, pyyaml.
"""

from mgecc.targets.target import Target, TargetError, load_target, target_names

__all__ = ["Target", "TargetError", "load_target", "target_names"]
