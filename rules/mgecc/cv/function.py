"""What a generated image function is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple


class ElementType(NamedTuple):
    """``name`` as in configurations, the C type of a stored element, its enumerator and its bytes."""

    name: str
    c: str
    enum: str
    size: int


UI8 = ElementType("ui8", "uint8_t", "MGECC_UINT8", 1)
F16 = ElementType("f16", "uint16_t", "MGECC_FLOAT16", 2)  # bits: C99 has no half precision type
F32 = ElementType("f32", "float", "MGECC_FLOAT32", 4)


@dataclass(frozen=True)
class CvFunction:
    """One C function: a name of the configuration for one element type.

    ``template`` sees this object as ``f`` and ``params`` by name. ``parts``: templates of helpers before it, which see
    ``dtype``; equal texts of several functions are written once. ``arguments``: C parameters after the two images.
    """

    name: str
    dtype: ElementType
    template: str
    about: str
    arguments: str = ""
    parts: tuple[str, ...] = ()
    params: tuple[tuple[str, Any], ...] = ()

    @property
    def symbol(self) -> str:
        return f"mgecc_cv_{self.name}_{self.dtype.name}"

    @property
    def prototype(self) -> str:
        more = f", {self.arguments}" if self.arguments else ""
        return f"mgecc_cv_status {self.symbol}(const mgecc_image *src, mgecc_image *dst{more})"

    @property
    def head(self) -> str:
        """Declaration and head of the definition; the template adds the body."""
        return f"MG_CV {self.prototype};\n{self.prototype}"


def for_each(
    dtypes: Iterable[ElementType], name: str, template: str, about: str, **more: Any
) -> list[CvFunction]:
    """The same function for several element types."""
    return [CvFunction(name, dtype, template, about, **more) for dtype in dtypes]
