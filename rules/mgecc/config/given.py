"""What a command line says of a model's inputs: their shapes, and the numbers of those that are constants."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mgecc.config.megcc import megcc_model
from mgecc.config.model import ModelConfig
from mgecc.config.problems import ConfigError, ConfigProblem

_PLACE = "command line"
_PLAIN = re.compile(r"=\s*([0-9]+(?:x[0-9]+)*)\s*([,;:]|$)")


def megcc_shapes(text: str) -> str:
    """Shapes as MegCC writes them, from 'x=1x3x224x224,y=2x3', or from what is written so already."""
    return _PLAIN.sub(lambda found: f"=({found[1].replace('x', ',')}){found[2].replace(',', ';')}", text)


def with_inputs(config: ModelConfig, shapes: str = "", bind: Sequence[str] = ()) -> ModelConfig:
    """A configuration with shapes and constants of inputs from the command line. Raises ConfigError."""
    if shapes:
        config = megcc_model(config, {"input_shape_str": megcc_shapes(shapes)})
    return replace(config, bind=config.bind | dict(map(_bound, bind))) if bind else config


def _bound(text: str) -> tuple[str, Any]:
    """'sr=16000' or 'axes=[0,1]': name and numbers."""
    name, _, value = text.rpartition("=")
    try:
        numbers = json.loads(value)
    except ValueError:
        numbers = None
    if not name or not _is_numeric(numbers):
        why = f"{text!r} binds no input; write NAME=NUMBER, NAME=true or NAME=[1,2,...]"
        raise ConfigError([ConfigProblem(_PLACE, 1, 1, why)])
    return name, numbers


def _is_numeric(value: Any) -> bool:
    return all(map(_is_numeric, value)) if isinstance(value, list) else isinstance(value, int | float)
