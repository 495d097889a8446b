"""Warnings, besides those of -Wall and -Wextra, that generated C and the runtime are free of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mgecc.targets import toolchain

STRICT = (
    *("-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wcast-align"),
    *("-Wstrict-prototypes", "-Wmissing-prototypes"),
)
STRICT_CXX = tuple(warning for warning in STRICT if "prototypes" not in warning)


def compile_strictly() -> Iterator[None]:
    """A fixture's body: all toolchains take these warnings for errors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(toolchain, "_COMMON", (*toolchain._COMMON, *STRICT, "-Werror"))
        yield
