"""Compares random files of one operator with TensorFlow Lite Micro's reference kernels, and counts what came out.

Needs tflite-micro beside what the compiler needs; PYTHONPATH is rules:tests/common::

    python tests/end_to_end/compare_micro.py 20         # 20 files for every operator and type
    python tests/end_to_end/compare_micro.py 50 CONV    # operators whose names match
    python tests/end_to_end/compare_micro.py record     # store results in tests/data/tflite/random.npz
"""

from __future__ import annotations

import os
import pickle
import re
import sys
from collections import Counter, defaultdict
from itertools import islice
from pathlib import Path

import numpy as np
from mgecc import frontends, interpret
from random_cases import random_case, sorts
from tflite_case import Case
from tflite_micro.python.tflite_micro import runtime

RECORDED = Path(__file__).parents[1] / "data" / "tflite" / "random.npz"
_SEEDS, _STORED = 12, 2


def micro(case: Case) -> np.ndarray | None:
    """The first result; None if the kernels refuse the file. They end the process where they check by assertions."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        try:
            interpreter = runtime.Interpreter.from_bytes(case.data, arena_size=1 << 20)
            for position, array in enumerate(case.inputs.values()):
                interpreter.set_input(array, position)
            interpreter.invoke()
            os.write(writing, pickle.dumps(np.array(interpreter.get_output(0))))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        found = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(found) if found else None


def outcome(case: Case, expected: np.ndarray | None) -> tuple[str, str]:
    """A word and why."""
    graph, problems = frontends.survey(case.data, "net.tflite")
    if expected is None:
        return "micro refuses", "; ".join(p.why for p in problems.problems) or "ours takes it"
    if problems.problems:
        return "refused", "; ".join(p.why for p in problems.problems)
    found = interpret.run(graph, {v.name: case.inputs[v.name].reshape(v.shape) for v in graph.given_inputs})[
        0
    ]
    if found.size != expected.size or found.dtype != expected.dtype:
        return "WRONG", f"{case.name}: {found.dtype} {found.shape}, not {expected.dtype} {expected.shape}"
    found = found.reshape(expected.shape)
    if expected.dtype.kind == "f":
        same = np.allclose(found, expected, 1e-4, 1e-5, equal_nan=True)
    else:
        same = np.array_equal(found, expected)
    difference = np.abs(found.astype(np.float64) - expected)
    return (
        ("ok", "")
        if same
        else ("WRONG", f"{case.name}: {np.sum(difference > 0)} of {found.size}, up to {difference.max()}")
    )


def main(count: int, pattern: str = "") -> None:
    counts, reasons = defaultdict(Counter), defaultdict(set)
    for type, word in sorts():
        if not re.search(pattern, f"{type} {word}"):
            continue
        for seed in range(count):
            case = random_case(type, word, seed)
            expected = micro(case)
            result, why = outcome(case, expected)
            counts[type, word][result] += 1
            reasons[type, word].add(why[:170])
        said = sorted(r for r in reasons[type, word] if r)[:3]
        print(f"{type:26} {word:8} {dict(counts[type, word])}", *said, sep="\n    ", flush=True)
    print(dict(sum(counts.values(), Counter())))


def record() -> None:
    """The first results of every sort of file."""
    stored = {}
    for type, word in sorts():
        cases = (random_case(type, word, seed) for seed in range(_SEEDS))
        found = ((case.name, micro(case)) for case in cases)
        stored.update(list(islice(((name, y) for name, y in found if y is not None), _STORED)))
    np.savez_compressed(RECORDED, **stored)


if __name__ == "__main__":
    record() if sys.argv[1] == "record" else main(int(sys.argv[1]), *sys.argv[2:])
