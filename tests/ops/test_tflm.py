"""Operators in fixed point give what TensorFlow Lite Micro's reference kernels gave (record_tflm.py), bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from mgecc import ops
from tflm_cases import Recorded, read

_CASES = read()


@pytest.mark.parametrize("case", _CASES, ids=[f"{k}-{c.kernel}" for k, c in enumerate(_CASES)])
def test_numbers_are_those_of_tensorflow_lite_micro(case: Recorded) -> None:
    *inputs, want = case.arrays
    np.testing.assert_array_equal(ops.evaluate(case.node(), inputs)[0], want)


def test_every_kernel_of_the_page_is_recorded() -> None:
    assert {c.kernel for c in _CASES} == {
        "ADD", "AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "DEQUANTIZE", "ELU", "FULLY_CONNECTED", "HARD_SWISH",
        "LEAKY_RELU", "LOGISTIC", "MAX_POOL_2D", "MEAN", "MUL", "QUANTIZE", "SOFTMAX", "SUB", "TANH",
    }  # fmt: skip
