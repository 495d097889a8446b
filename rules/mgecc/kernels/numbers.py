"""C types of the element types that image kernels compute with."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Number:
    """C type, letters in symbols, and smallest and largest stored number."""

    ctype: str
    letters: str
    bounds: tuple[float, float]


_F32 = Number("float", "f32", (-inf, inf))
_U8 = Number("uint8_t", "u8", (0, 255))
_I8 = Number("int8_t", "i8", (-128, 127))

# Element type -> how its stored numbers are computed with; others have no image kernels.
NUMBERS: dict[str, Number] = {"float32": _F32, "int8": _I8, "qint8": _I8, "quint8": _U8, "uint8": _U8}

# Bytes of an element -> C type that moves it, whatever it means.
WORDS: dict[int, str] = {1: "uint8_t", 2: "uint16_t", 4: "uint32_t"}
