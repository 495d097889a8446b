"""Export a MegEngine network to a model folder: model.yaml, .mge, recorded inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    from mgecc.export import export_main

    return export_main(argv)
