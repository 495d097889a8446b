"""Element types as the blob and C know them."""

from __future__ import annotations

from typing import NamedTuple


class CType(NamedTuple):
    """``code``: number of the type in blobs and of the enumerator ``enum``; ``name``: C type of one stored element."""

    code: int
    name: str
    enum: str


_C_NAMES = {
    "float32": "float",
    "float16": "uint16_t",  # bits: C99 has no half precision type
    "int32": "int32_t",
    "int16": "int16_t",
    "uint16": "uint16_t",
    "int8": "int8_t",
    "uint8": "uint8_t",
    "bool": "uint8_t",
    "qint32": "int32_t",
    "qint16": "int16_t",
    "qint8": "int8_t",
    "quint8": "uint8_t",
    "qint4": "int8_t",
    "quint4": "uint8_t",
    "qint1": "int8_t",
    "int64": "int64_t",
    "uint64": "uint64_t",
    "uint32": "uint32_t",
}

DTYPES = {
    name: CType(code, ctype, f"MGECC_{name.upper()}") for code, (name, ctype) in enumerate(_C_NAMES.items())
}
