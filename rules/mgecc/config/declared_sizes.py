"""Declared sizes: "1..8", or "32..640 step 32", by name; and what can be wrong with them."""

from __future__ import annotations

import re
from typing import Any

from mgecc.config.document import Document
from mgecc.config.model import SizeConfig, check_name

_RANGE = re.compile(r"([0-9]+)\.\.([0-9]+)(?: step ([0-9]+))?")


def parse_size(name: str, text: str) -> SizeConfig:
    """A size from its text, which the schema has checked."""
    match = _RANGE.fullmatch(text)
    assert match is not None
    return SizeConfig(name, int(match[1]), int(match[2]), int(match[3] or 1))


def check_sizes(document: Document) -> None:
    """Mistakes a schema cannot see."""
    sizes, inputs = document.value.get("sizes"), document.value.get("inputs")
    names = list(sizes) if isinstance(sizes, dict) else []
    used = _check_shapes(document, inputs if isinstance(inputs, dict) else {}, names)
    # Other files may have sizes with names; which, is known when the file is read.
    known = str(document.value.get("model")).endswith(".mge")
    for name in names:
        _check_size(document, name, sizes[name])
        if known and name not in used:
            document.add_at(("sizes", name), f"no input has the size '{name}'", key=True)
    if names and document.value.get("input_shapes"):
        why = "one program serves all declared sizes: give either 'sizes' or 'input_shapes'"
        document.add_at(("input_shapes",), why, key=True)


def _check_size(document: Document, name: str, text: Any) -> None:
    here = ("sizes", name)
    why = check_name(name)
    if why:
        document.add_at(here, why, key=True)
    if not isinstance(text, str) or not _RANGE.fullmatch(text):
        return
    size = parse_size(name, text)
    if not 1 <= size.low <= size.high < 1 << 31 or size.step < 1:
        document.add_at(here, f"'{text}' has no sizes; a range is written 1..8 or 32..640 step 32")
    elif size.low % size.step or size.high % size.step:
        document.add_at(here, f"the ends of '{text}' must be multiples of {size.step}")


def _check_shapes(document: Document, inputs: dict[str, Any], names: list[str]) -> set[str]:
    """Note unknown names in shapes; returns the names that are used."""
    used = set()
    for key, given in inputs.items():
        shape = given.get("shape") if isinstance(given, dict) else None
        for axis, extent in enumerate(shape if isinstance(shape, list) else ()):
            if isinstance(extent, str):
                used.add(extent)
                if extent not in names:
                    known = f"; known are {', '.join(names)}" if names else ""
                    why = f"there is no size '{extent}' below 'sizes'{known}"
                    document.add_at(("inputs", key, "shape", axis), why)
    return used
