"""Random files of one operator each, the same for the same seed."""

from __future__ import annotations

import random_tflite_moves  # registers its operators
from random_net import Net
from random_operators import FAMILIES
from tflite_case import Case

assert random_tflite_moves


def sorts() -> list[tuple[str, str]]:
    """Operators with types of data."""
    return sorted((type, word) for type, (_, words) in FAMILIES.items() for word in words)


def random_case(type: str, word: str, seed: int) -> Case:
    return FAMILIES[type][0](Net(seed, type, word))
