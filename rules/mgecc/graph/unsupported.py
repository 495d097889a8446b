"""The exception for what cannot be done."""

from __future__ import annotations


class Unsupported(Exception):
    """Raised by shape rules, meanings and kernel specs: why this node cannot be done, and what to do about it."""

    def __init__(self, why: str, advice: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.advice = advice
