"""Writes recorded pictures of digits as a C header: pictures.py SMALL.npz LARGE.npz -o pictures.h."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

COUNT = 8


def table(name: str, path: Path) -> str:
    """Two C arrays: the pictures, and the digits that are on them."""
    with np.load(path) as arrays:
        pictures, labels = arrays["in.data"][:COUNT].reshape(COUNT, -1), arrays["label"][:COUNT]
    rows = ",\n".join("    {" + ", ".join(f"{float(v)!r}f" for v in row) + "}" for row in pictures)
    digits = ", ".join(str(int(label)) for label in labels)
    return (
        f"static const float {name}_pictures[PICTURES][{pictures.shape[1]}] = {{\n{rows}\n}};\n"
        f"static const unsigned {name}_labels[PICTURES] = {{{digits}}};\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("small", type=Path)
    parser.add_argument("large", type=Path)
    parser.add_argument("-o", dest="output", type=Path, required=True)
    args = parser.parse_args()
    text = f"#define PICTURES {COUNT}\n" + table("small", args.small) + table("large", args.large)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
