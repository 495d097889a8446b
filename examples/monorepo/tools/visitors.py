"""Writes recorded pictures of visitors as a C header, a byte per number: visitors.py INPUTS.npz -o visitors.h."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", type=Path)
    parser.add_argument("-o", dest="output", type=Path, required=True)
    args = parser.parse_args()
    with np.load(args.inputs) as arrays:
        pictures = np.rint(arrays["in.data"] * 127.5 + 127.5).astype(np.uint8)
    rows = [",".join(map(str, picture.reshape(-1))) for picture in pictures]
    text = f"static const unsigned char visitors[{len(rows)}][{pictures[0].size}] = {{\n"
    text += "".join(f"{{{row}}},\n" for row in rows) + "};\n"
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
