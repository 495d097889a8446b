"""MegEngine, on Python 3.10 and older."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mgecc.export import ExportError, MegEngineMissing, load_reference
from mgecc.references.engine import Arrays, Engine, EngineError, EngineMissing, Results


def open_model(path: Path, every: bool) -> Engine:
    """Load a .mge file. Raises EngineMissing and EngineError."""
    try:
        loaded = load_reference(path, every)
    except MegEngineMissing as error:
        raise EngineMissing(str(error)) from None
    except ExportError as error:
        raise EngineError(str(error)) from None

    def run(given: Arrays) -> Results:
        try:
            return Results(*loaded.run({name: np.asarray(value) for name, value in given.items()}))
        except ExportError as error:
            raise EngineError(str(error)) from None

    return Engine(frozenset(loaded.inputs), run)
