"""Compiles and interprets one changed model after another, within bounds of time and memory."""

from __future__ import annotations

import resource
import time
from collections import Counter
from pathlib import Path

import numpy as np
from mgecc import interpret
from mgecc.config import ModelConfig
from mgecc.errors import InputError
from mgecc.lowering import load_graph
from mgecc.toolrun.products import compile_products, user_errors

TARGETS = ("x86_64", "arm64", "armv7", "baremetal")
MOST_SECONDS = 10
MOST_KILOBYTES = 1 << 20
UNEXPLAINED = "its parameters and inputs do not fit together"


class Attack:
    """Compiles one model after another and counts what becomes of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: Counter[str] = Counter()
        self.seconds = 0.0
        self.memory = 0

    def compile(self, data: bytes, target: str, what: str) -> str:
        """The message of a refusal, or nothing; fails where it takes too much time or memory."""
        self.path.write_bytes(data)
        before, start = _peak(), time.process_time()
        said = self._said(target, what)
        seconds, memory = time.process_time() - start, _peak() - before
        assert seconds < MOST_SECONDS and memory < MOST_KILOBYTES, f"{seconds:.1f} s, {memory} KiB: {what}"
        self.seconds, self.memory = max(self.seconds, seconds), max(self.memory, _peak())
        self.counts["refused" if said else "accepted"] += 1
        return said

    def _said(self, target: str, what: str) -> str:
        config = ModelConfig(self.path, "mutant", self.path)
        try:
            compile_products(config, target)
            self._interpret(config)
        except InputError as error:
            assert str(error).strip()
            return str(error)
        except Exception as error:
            raise AssertionError(f"{type(error).__name__} for {target}: {what}") from error
        return ""

    @staticmethod
    def _interpret(config: ModelConfig) -> None:
        with user_errors(config):
            graph = load_graph(config)
        if sum(float(np.prod([float(n) for n in value.shape])) for value in graph.values()) < 4000:
            try:
                interpret.run(graph, {v.name: np.ones(v.shape, v.type.dtype.numpy) for v in graph.inputs})
            except interpret.InterpretError as error:
                assert str(error)

    def __str__(self) -> str:
        return f"{dict(self.counts)}; longest {self.seconds:.2f} s, peak {self.memory >> 10} MiB"


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
