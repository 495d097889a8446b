"""Test-case files: a model followed by stored cases, its outputs wrapped in assertions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .errors import MgeError
from .model import INPUT_TYPE, Model, Record

_EXPECTED_SUFFIX = ":expect"
_ASSERTION = "AssertEqual"


def case_arrays(model: Model, case: Model, position: int) -> dict[str, np.ndarray]:
    """Input arrays by name: a case's outputs are constants in the alphabetical order of the input names."""
    names = sorted(item.name for item in model.inputs)
    if len(names) != len(case.outputs):
        message = f"a test case stores {len(case.outputs)} values for {len(names)} inputs"
        raise MgeError(message, position)
    if any(number not in case.constants for number in case.outputs):
        raise MgeError("a test case has a value that is not a constant", position)
    return {name: case.constants[number].array() for name, number in zip(names, case.outputs, strict=True)}


def _is_expectation(record: Record) -> bool:
    return record.type == INPUT_TYPE and record.tensors[0].name.endswith(_EXPECTED_SUFFIX)


def _needed(records: tuple[Record, ...], outputs: tuple[int, ...]) -> tuple[Record, ...]:
    """The records outputs depend on, and every input that is not an expectation, in file order."""
    wanted = set(outputs)
    kept = []
    for record in reversed(records):
        if wanted.isdisjoint(record.outputs) and (record.type != INPUT_TYPE or _is_expectation(record)):
            continue
        wanted.update(record.inputs)
        kept.append(record)
    return tuple(reversed(kept))


def without_assertions(model: Model) -> Model:
    """The plain model: each AssertEqual (expected, real, error) among the outputs replaced by the real value.

    Expected values, the error arithmetic and whatever else no output needs are dropped; value numbers stay.
    """
    producers = {number: record for record in model.records for number in record.outputs}
    assertions = {r.outputs[0]: r for r in model.records if r.type == _ASSERTION and r.outputs}
    if assertions.keys().isdisjoint(model.outputs):
        return model
    outputs, names = [], []
    for number, name in zip(model.outputs, model.output_names, strict=True):
        if number in assertions:
            expected, number = _operands(assertions[number])
            name = _asserted_name(producers[expected], model.values[number].name)
        outputs.append(number)
        names.append(name)
    records = _needed(model.records, tuple(outputs))
    for record in records:
        if _is_expectation(record):
            raise MgeError("an output depends on an expected value", record.offset)
    return replace(model, records=records, outputs=tuple(outputs), output_names=tuple(names))


def _operands(assertion: Record) -> tuple[int, int]:
    """(expected value, real value)."""
    if len(assertion.inputs) < 2:
        raise MgeError(f"{_ASSERTION} needs an expected and a real value", assertion.offset)
    return assertion.inputs[0], assertion.inputs[1]


def _asserted_name(expected: Record, name: str) -> str:
    """The output's name as the expectation states it, else the real value's own name."""
    if _is_expectation(expected):
        return expected.tensors[0].name.removesuffix(_EXPECTED_SUFFIX)
    return name
