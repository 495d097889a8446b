"""C types of element types."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from mgecc.graph import DType, Unsupported


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


def ctype_of(dtype: DType) -> tuple[str, str]:
    """C type of the stored numbers and letters for symbols, for kernels that compare them; Unsupported for float16."""
    kind = dtype.numpy
    if kind.kind == "f":
        if kind.itemsize != 4:
            raise Unsupported(f"{dtype} numbers have no kernel that compares them", "cast them to float32")
        return "float", "f32"
    sign = "" if kind.kind == "i" else "u"
    return f"{sign}int{8 * kind.itemsize}_t", f"{sign or 'i'}{8 * kind.itemsize}"
