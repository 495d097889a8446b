"""XXH64, the hash behind operator type ids (specification: Yann Collet, xxHash fast digest algorithm)."""

from __future__ import annotations

import struct

_MASK = (1 << 64) - 1
_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)


def _rotate(value: int, bits: int) -> int:
    return (value << bits | value >> (64 - bits)) & _MASK


def _round(lane: int, word: int) -> int:
    return _rotate((lane + word * _P2) & _MASK, 31) * _P1 & _MASK


def _stripes(data: bytes, seed: int) -> int:
    """Hash state after all whole 32-byte stripes."""
    lanes = [seed + _P1 + _P2 & _MASK, seed + _P2 & _MASK, seed, seed - _P1 & _MASK]
    for words in struct.iter_unpack("<4Q", data[: len(data) // 32 * 32]):
        lanes = [_round(lane, word) for lane, word in zip(lanes, words, strict=True)]
    state = sum(_rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
    for lane in lanes:
        state = ((state ^ _round(0, lane)) * _P1 + _P4) & _MASK
    return state


def _tail(state: int, tail: bytes) -> int:
    """Mix in the last 0 to 31 bytes: words of 8, then at most one of 4, then single bytes."""
    position = len(tail) // 8 * 8
    for (word,) in struct.iter_unpack("<Q", tail[:position]):
        state = (_rotate(state ^ _round(0, word), 27) * _P1 + _P4) & _MASK
    if len(tail) - position >= 4:
        (word,) = struct.unpack_from("<I", tail, position)
        state = (_rotate(state ^ (word * _P1 & _MASK), 23) * _P2 + _P3) & _MASK
        position += 4
    for byte in tail[position:]:
        state = _rotate(state ^ (byte * _P5 & _MASK), 11) * _P1 & _MASK
    return state


def xxh64(data: bytes, seed: int = 0) -> int:
    """The 64-bit hash of `data`."""
    state = _stripes(data, seed) if len(data) >= 32 else (seed + _P5) & _MASK
    state = _tail((state + len(data)) & _MASK, data[len(data) // 32 * 32 :])
    state = (state ^ state >> 33) * _P2 & _MASK
    state = (state ^ state >> 29) * _P3 & _MASK
    return state ^ state >> 32
