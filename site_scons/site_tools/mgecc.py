"""The SCons tool ``mgecc``: hands on to the package in rules/, found relative to this file."""

import sys
from pathlib import Path

# SCons registers this file under the name of the package it stands for; give the name back before importing it.
sys.modules.pop("mgecc", None)
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "rules"))

from mgecc.scons import exists, generate

__all__ = ["exists", "generate"]
