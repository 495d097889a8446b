"""Additions of 0 and products by 1, which templates write where a position or a size happens to be that, out of C text.

Compilers drop them (constant folding); here they go for readers. Integers and addresses alone: templates write the
constants of floats with a point, and x + 0.0f is not x where x is -0.0f.
"""

from __future__ import annotations

import re

_END = r"(?=[),;\]]| [-+<>=&|?:] | [<>=!]= )"
_STEPS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?<=[\w)\]]) [*/] 1(?=[),;\]]| [-+*/<>=&|?:] | [<>=!]= )", ""),
        (r"(?<=[(+=,] )1 \* (?=[\w(])|(?<=\()1 \* (?=[\w(])", ""),
        (rf"(?<=[\w)\]]) \+ 0(?: \* \w+(?:->\w+)?)?{_END}", ""),
        (rf"(?<=[\w)\]]) \^ 0{_END}", ""),
    )
)


def without_neutral(text: str) -> str:
    """C text that computes the same."""
    for pattern, replacement in _STEPS:
        text = pattern.sub(replacement, text)
    return text
