"""MegEngine itself, on the .mge file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import megengine
import numpy as np
from megengine.utils.comp_graph_tools import GraphInference


def version() -> str:
    return str(megengine.__version__)


def load(folder: Path, inputs: dict[str, np.ndarray]) -> Callable[[], np.ndarray]:
    graph = GraphInference(str(folder / "model.mge"))
    return lambda: next(iter(graph.run(inp_dict=inputs).values()))
