"""``scons verify-outputs``: whether what lies in the build folder is what the build put there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mgecc.rules.cache.store import file_digest


def edited_outputs(nodes: Iterable[Any]) -> Iterator[str]:
    """One line for every product that is not as it was built."""
    for node in _with_inputs(nodes):
        stored = getattr(node.get_stored_info(), "ninfo", None)
        digest = getattr(stored, "csig", None)
        path = Path(str(node))
        if digest is None:
            yield f"{path}: not built"
        elif not path.is_file():
            yield f"{path}: missing"
        elif file_digest(path) != digest:
            yield f"{path}: changed since it was built"


def _with_inputs(nodes: Iterable[Any]) -> list[Any]:
    """The nodes and everything built that they are made from, by path."""
    found: dict[str, Any] = {}
    rest = list(nodes)
    while rest:
        node = rest.pop()
        if hasattr(node, "dir") and node.has_builder() and str(node) not in found:
            found[str(node)] = node
            rest += [*node.sources, *node.depends]
    return [found[name] for name in sorted(found)]
