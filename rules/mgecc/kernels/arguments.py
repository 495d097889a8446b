"""Comments on the arguments of kernels in generated C: the words for windows that move over images."""

from __future__ import annotations

from collections.abc import Iterable

_WINDOW = {
    "n": "images",
    "h": "rows of x",
    "w": "columns of x",
    "oh": "rows of y",
    "ow": "columns of y",
    "kh": "rows of the window",
    "kw": "columns of the window",
    "sh": "stride over rows",
    "sw": "stride over columns",
    "dh": "dilation over rows",
    "dw": "dilation over columns",
    "pt": "padding above x",
    "pl": "padding to the left of x",
    "xb": "blocks of channels of x",
    "yb": "blocks of channels of y",
    "icb": "blocks of channels that an output sums over",
    "groups": "tiles of channels of y",
    "first": "the block of y that the first tile starts with",
    "per": "tiles of one group of the convolution",
}


def members(fields: Iterable[tuple[str, str]]) -> str:
    """The members of an argument structure in C, one a line; with a comment where a window moves over an image."""
    fields = list(fields)
    spoken = _WINDOW if {"h", "oh"} <= {name for name, _ in fields} else {}
    lines = [
        f"    {ctype} {name};{f' /* {spoken[name]} */' if name in spoken else ''}\n" for name, ctype in fields
    ]
    return "".join(lines)
