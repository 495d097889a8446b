"""Running recorded inputs on the target and comparing with recorded outputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgecc.config import Verify
from mgecc.errors import InputError
from mgecc.toolrun.compare import OutputError, compare, grid_step
from mgecc.toolrun.session import Session, run_cases
from mgecc.toolrun.tensors import (
    Arrays,
    Tensor,
    dequantized,
    file_of,
    input_cases,
    key_of,
    output_arrays,
    split_cases,
    valid_part,
)


def verify(
    session: Session, inputs: Arrays, expected: Arrays, limits: Verify
) -> dict[str, list[OutputError]]:
    """Run all cases on every kernel set: target name -> errors of each output that was recorded."""
    session = session.fitting(inputs)
    cases = input_cases(inputs, session.interface)
    found = {}
    for runner in session.runners:
        results, _ = run_cases(session, runner, cases)
        outputs = output_arrays(results, session.interface)
        found[runner.target.name] = compare_outputs(session.interface.outputs, outputs, expected, limits)
    return found


def compare_outputs(
    tensors: Sequence[Tensor], outputs: Sequence[np.ndarray], expected: Arrays, limits: Verify
) -> list[OutputError]:
    """Compare stacked outputs with arrays ``out.<k>``; those not recorded are left out. Raises InputError."""
    errors = []
    for k, declared in enumerate(tensors):
        key = f"out.{k}"
        if key in expected:
            tensor, got = valid_part(declared, outputs, k)
            want = _want(expected[key], tensor, key_of(expected, key), len(got))
            errors.append(_compare_one(tensor, got, want, limits))
    if not errors:
        file = file_of(expected) or "the recorded outputs"
        raise InputError(f"out.0 is missing in {file}, which has: {', '.join(expected) or 'no outputs'}")
    return errors


def _want(array: np.ndarray, tensor: Tensor, key: str, cases: int) -> np.ndarray:
    want = split_cases(array, tensor, key)
    if len(want) != cases:
        raise InputError(f"{key} has {len(want)} cases, the inputs have {cases}")
    return want


def _compare_one(tensor: Tensor, got: np.ndarray, want: np.ndarray, limits: Verify) -> OutputError:
    if want.dtype.kind == "f":
        step = tensor.dtype.scale or (grid_step(want) if limits.max_steps else 0.0)
        return compare(tensor.name, dequantized(got, tensor), want, limits, step)
    return compare(tensor.name, got, want, limits, 1.0 if limits.max_steps and tensor.dtype.scale else 0.0)
