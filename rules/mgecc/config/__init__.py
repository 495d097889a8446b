"""What the user writes about a model: model.yaml, and the recorded inputs and outputs beside it.

``load_config`` reads a model.yaml into a ``ModelConfig``, ``load_megcc`` a JSON of several models into a
``LibraryConfig``; both report every mistake at once, each with file:line:column. ``load_cases`` and ``save_cases``
are the only doors to .npz files, ``load_array`` to .npy.
May import: numpy, yaml, jsonschema; of mgecc nothing but mgecc.errors.
"""

from mgecc.config.cases import Cases, CasesError, cases_beside, load_array, load_cases, load_side, save_cases
from mgecc.config.given import with_inputs
from mgecc.config.load import load_config
from mgecc.config.megcc import LibraryConfig, is_megcc, load_megcc, megcc_model, megcc_notes
from mgecc.config.model import (
    CustomConfig,
    InputConfig,
    ModelConfig,
    Preprocess,
    SizeConfig,
    Verify,
    check_model_name,
    check_name,
)
from mgecc.config.problems import ConfigError, ConfigProblem
from mgecc.config.write import format_config

__all__ = [
    "Cases",
    "CasesError",
    "ConfigError",
    "ConfigProblem",
    "CustomConfig",
    "InputConfig",
    "LibraryConfig",
    "ModelConfig",
    "Preprocess",
    "SizeConfig",
    "Verify",
    "cases_beside",
    "check_model_name",
    "check_name",
    "format_config",
    "is_megcc",
    "load_array",
    "load_cases",
    "load_config",
    "load_megcc",
    "load_side",
    "megcc_model",
    "megcc_notes",
    "save_cases",
    "with_inputs",
]
