"""Bazel's ActionResult, as far as a step here has one: its output files and what it printed.

Field numbers are those of build.bazel.remote.execution.v2 in the Remote Execution API. Field ``stdout_raw`` carries a
seal over key and content, so that an entry that was damaged or put under another key is known as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from mgecc.frontends.protobuf import varint

_OUTPUT_FILES, _STDOUT_RAW, _STDERR_RAW = 2, 5, 7
_PATH, _DIGEST = 1, 2
_HASH, _SIZE = 1, 2
# What else stood there would become part of a path or an address.
_SHA256 = re.compile(rb"[0-9a-f]{64}")


class Damaged(Exception):
    """An entry is not what was written under its name; ``str`` says in what way."""


@dataclass(frozen=True)
class Output:
    """One file that a step wrote. ``name``: relative to the folder of the step's first output."""

    name: str
    digest: str
    size: int


@dataclass(frozen=True)
class Result:
    """What a step did. ``said``: what its tool printed."""

    outputs: tuple[Output, ...]
    said: str = ""

    def encode(self, key: str) -> bytes:
        """The entry for ``ac/<key>``."""
        body = self._body()
        return body + _field(_STDOUT_RAW, _seal(key, body))

    def _body(self) -> bytes:
        said = _field(_STDERR_RAW, self.said.encode()) if self.said else b""
        return b"".join(_field(_OUTPUT_FILES, _encode(output)) for output in self.outputs) + said


def decode(data: bytes, key: str) -> Result:
    """The result in an entry read from ``ac/<key>``; raises Damaged."""
    try:
        fields = list(_fields(data))
        outputs = tuple(_decode(value) for number, value in fields if number == _OUTPUT_FILES)
        said = b"".join(value for number, value in fields if number == _STDERR_RAW).decode()
    except (ValueError, IndexError, KeyError, TypeError, AttributeError):
        raise Damaged("it is no action result") from None
    result = Result(outputs, said)
    if data != result.encode(key):
        raise Damaged("its seal does not fit its key and content")
    return result


def _seal(key: str, body: bytes) -> bytes:
    return f"mgecc {sha256(key.encode() + body).hexdigest()}".encode()


def _encode(output: Output) -> bytes:
    digest = _field(_HASH, output.digest.encode()) + bytes([_SIZE << 3]) + varint(output.size)
    return _field(_PATH, output.name.encode()) + _field(_DIGEST, digest)


def _decode(data: bytes) -> Output:
    fields = dict(_fields(data))
    digest = dict(_fields(fields[_DIGEST]))
    if not _SHA256.fullmatch(digest[_HASH]):
        raise ValueError("no SHA-256")
    size = digest.get(_SIZE, 0)
    return Output(fields[_PATH].decode(), digest[_HASH].decode(), int(size))


def _field(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Field numbers and values; only the two wire types that are written here."""
    at = 0
    while at < len(data):
        head, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        if head & 7 == 0:
            yield head >> 3, value
        elif head & 7 == 2 and at + value <= len(data):
            yield head >> 3, data[at : at + value]
            at += value
        else:
            raise ValueError("wire type or length")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("number too long")
