"""What the processor of the build machine has."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def host_flags() -> frozenset[str] | None:
    """Features that Linux lists for the processor; None where it lists none."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    lines = [line.partition(":")[2] for line in text.splitlines() if line.startswith("flags")]
    return frozenset(lines[0].split()) if lines else frozenset()
