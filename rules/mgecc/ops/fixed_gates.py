"""Logistic function and hyperbolic tangent of 16-bit numbers, as TensorFlow Lite's reference kernels compute them.

Both come from one table of 256 logistic values, between which they are interpolated. Sources:
reference/integer_ops/logistic.h, tanh.h.
"""

from __future__ import annotations

import numpy as np

from mgecc.ops.rescale import Integers

SIGMOID = np.array([
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794, 41432, 42064,
    42688, 43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443, 48964, 49475, 49975, 50464,
    50942, 51409, 51865, 52311, 52745, 53169, 53581, 53983, 54374, 54755, 55125, 55485, 55834, 56174, 56503,
    56823, 57133, 57433, 57724, 58007, 58280, 58544, 58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370,
    60565, 60753, 60935, 61110, 61279, 61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666,
    62778, 62886, 62990, 63090, 63186, 63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968,
    64030, 64090, 64148, 64204, 64257, 64308, 64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652, 64687,
    64721, 64754, 64786, 64816, 64845, 64873, 64900, 64926, 64950, 64974, 64997, 65019, 65039, 65060, 65079,
    65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208, 65221, 65234, 65246, 65258, 65269, 65280, 65291,
    65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360, 65367, 65374, 65381, 65387, 65393, 65399, 65404,
    65410, 65415, 65420, 65425, 65429, 65433, 65438, 65442, 65445, 65449, 65453, 65456, 65459, 65462, 65465,
    65468, 65471, 65474, 65476, 65479, 65481, 65483, 65485, 65488, 65489, 65491, 65493, 65495, 65497, 65498,
    65500, 65501, 65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513, 65514, 65515, 65516,
    65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524, 65525, 65525,
    65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529, 65529, 65530, 65530, 65530,
    65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532, 65532, 65532, 65532, 65533, 65533, 65533,
    65533, 65533, 65533, 65533, 65533, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534,
    65535,
], np.uint16)  # fmt: skip
"""2^16 / (1 + e^(-k / 24)). Source: sigmoid_table_uint16 of kernels/internal/common.h."""


def _between(distance: Integers, bits: int) -> Integers:
    """2^(16 + bits) / (1 + e^-x) for x = distance / 2^bits / 24, between two numbers of the table."""
    place, part = distance >> bits, distance & ((1 << bits) - 1)
    low, high = (SIGMOID.astype(np.int64)[np.minimum(place + k, 255)] for k in (0, 1))
    return np.asarray((low << bits) + part * (high - low))


def gate_sigmoid(moved: Integers) -> Integers:
    """1 / (1 + e^-x) for x = moved / (3 * 2^12), as fractions of 2^15."""
    distance = np.abs(moved)
    found = np.where(distance >> 9 >= 255, 0x7FFF << 10, _between(distance, 9))
    return np.where(moved >= 0, found + (1 << 9), (1 << 25) - found + (1 << 9) - 1) >> 10


def gate_tanh(moved: Integers) -> Integers:
    """tanh(x) for x = moved / (3 * 2^12), as fractions of 2^15."""
    distance = np.abs(moved)
    found = np.where(distance >> 8 >= 255, 0xFFFF << 8, _between(distance, 8))
    half = 1 << 23
    return np.where(moved >= 0, found - half + (1 << 7), half - found + (1 << 7) - 1) >> 8


def moved_by(x: Integers, fractional_bits: int) -> Integers:
    """Numbers with so many fractional bits as ones that count 1 / (3 * 2^12)."""
    up = 12 - fractional_bits
    return 3 * x << up if up >= 0 else (3 * x + (1 << (-up - 1))) >> -up
