"""The exception for what cannot be done."""

from __future__ import annotations

from mgecc.errors import ModelFault

OPEN, CLOSE = "\u2039", "\u203a"
"""Around numbers that depend on declared sizes, in texts."""
SIZES_ADVICE = "narrow the sizes, give them a step (h: 32..640 step 32), or list several input_shapes"


def plain_text(words: str) -> str:
    """Words without the marks."""
    return words.replace(OPEN, "").replace(CLOSE, "")


class Unsupported(ModelFault):
    """Raised by shape rules, meanings and kernel specs: why this node cannot be done, and what to do about it."""

    def __init__(self, why: str, advice: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.advice = advice

    def about(self, file: str) -> str:
        return f"{file}: {self.why}; {self.advice}".rstrip("; ")
