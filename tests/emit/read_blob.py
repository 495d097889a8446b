"""A second reader of blobs, written from docs/blob-format.md and nothing else."""

import hashlib
import struct
import zlib

TYPES = [
    "float32",
    "float16",
    "int32",
    "int16",
    "uint16",
    "int8",
    "uint8",
    "bool",
    "qint32",
    "qint16",
    "qint8",
    "quint8",
    "qint4",
    "quint4",
    "qint1",
]


def text(section: bytes, at: int) -> str:
    return section[at : section.index(b"\0", at)].decode()


def ref(word: int) -> tuple[str, int] | None:
    return (("", "arena", "weights")[word >> 30], word & (1 << 30) - 1) if word else None


def tensor(section: bytes, at: int) -> dict:
    name, where, nbytes, dtype, rank, scale, zero, *dims = struct.unpack_from("<3I2B2xfi8i", section, at)
    names = ("name", "ref", "bytes", "dtype", "shape", "scale", "zero")
    return dict(
        zip(names, (text(section, name), ref(where), nbytes, TYPES[dtype], tuple(dims[:rank]), scale, zero))
    )


def program(section: bytes) -> dict:
    arena, weights, strings, name, inputs, outputs, kernels, _, count, _ = struct.unpack_from(
        "<4I4H2I", section
    )
    at = 32 + 56 * (inputs + outputs)
    tensors = [tensor(section, 32 + 56 * i) for i in range(inputs + outputs)]
    digests = [section[at + 4 * i : at + 4 * i + 4].hex() for i in range(kernels)]
    at += 4 * kernels
    calls = []
    for _ in range(count):
        (head,) = struct.unpack_from("<I", section, at)
        operands, args = head >> 16 & 255, head >> 24
        refs = [ref(word) for word in struct.unpack_from(f"<{operands}I", section, at + 4)]
        numbers = section[at + 4 + 4 * operands : at + 4 + 4 * (operands + args)]
        calls.append((head & 0xFFFF, refs, numbers))
        at += 4 + 4 * (operands + args)
    assert at == strings and section[-1] == 0
    sizes = {"name": text(section, name), "arena": arena, "weights_size": weights}
    return sizes | {
        "inputs": tensors[:inputs],
        "outputs": tensors[inputs:],
        "kernels": digests,
        "calls": calls,
    }


def read_blob(blob: bytes) -> list[dict]:
    """Every program, with its fingerprint (int), its section, where its weights begin and their bytes."""
    magic, version, count, size, crc = struct.unpack_from("<4s2H2I", blob)
    assert (magic, version, size) == (b"MGCB", 1, len(blob))
    assert zlib.crc32(blob[:12] + blob[16:]) == crc
    found = []
    for i in range(count):
        at, length, weights, weights_size, *words = struct.unpack_from("<8I", blob, 32 + 32 * i)
        section = blob[at : at + length]
        assert at % 16 == 0 and weights % 64 == 0
        assert struct.pack(">4I", *words) == hashlib.sha256(section).digest()[:16]
        extra = {"section": section, "weights_at": weights, "weights": blob[weights : weights + weights_size]}
        found.append(
            program(section) | extra | {"fingerprint": int.from_bytes(struct.pack(">4I", *words), "big")}
        )
    return found
