"""Other engines that run model files, as references: a file each, named as the engine is on the command line.

A file has ``open_model(path, every)``, which returns an ``Engine``; ``every``: all tensors are wanted, not only
outputs. It raises EngineMissing and EngineError. May import: mgecc.export, mgecc.frontends, and the engine's own
package, which nobody has to have.
"""

from mgecc.references.engine import (
    Engine,
    EngineError,
    EngineMissing,
    Memory,
    Results,
    engine_names,
    open_engine,
    run_cases,
)

__all__ = [
    "Engine",
    "EngineError",
    "EngineMissing",
    "Memory",
    "Results",
    "engine_names",
    "open_engine",
    "run_cases",
]
