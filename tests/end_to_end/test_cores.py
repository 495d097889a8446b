"""Every core by name builds a float and an int8 network and gives the recorded outputs, in QEMU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from batches import session_in_batch
from mgecc.config import load_cases, load_config
from mgecc.targets import core_names, load_target, target_options
from mgecc.toolrun.tensors import Arrays
from mgecc.toolrun.verify import verify

MODELS = Path(__file__).parents[2] / "models"
EVERY = sorted([*core_names(), *(f"{c}+{f}" for c in core_names() for f in target_options(c)[0])])
NAMES = ("digits", "digits_int8")
CASES = 2


def first_cases(path: Path) -> Arrays:
    return {key: array[:CASES] for key, array in load_cases(path).items()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("core", EVERY)
def test_a_core_gives_the_recorded_outputs(core: str, name: str, shared_folder: Path) -> None:
    configs = {each: load_config(MODELS / each / "model.yaml") for each in NAMES}
    config = configs[name]
    session = session_in_batch(config, [*configs.values()], load_target(core), shared_folder)
    assert config.verify.inputs and config.verify.expected
    inputs, expected = (first_cases(path) for path in (config.verify.inputs, config.verify.expected))
    (errors,) = verify(session, inputs, expected, replace(config.verify, top=None)).values()
    assert errors and all(error.ok for error in errors), errors
