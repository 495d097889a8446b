"""How compiling grows with the nodes of a model: the table in docs/incremental.md.

    python benchmarks/nodes.py [--nodes 5000,10000,20000] [--target x86_64]

Models are those of tests/end_to_end/long_models.py. Each is compiled in a process of its own; seconds are of the
processor, memory is the peak of that process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT / "rules"),
    *(str(ROOT / "tests" / name) for name in ("common", "frontends", "end_to_end")),
]

SHAPES = ("chain", "skips", "diamonds", "convolutions")


def measure(shape: str, nodes: int, target: str) -> str:
    """Compile one model here; seconds and MiB as a cell of the table."""
    from long_models import long_model
    from mgecc.compiler import compile_model
    from mgecc.config import ModelConfig

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "long.mge")
        path.write_bytes(long_model(shape, nodes))
        begun = time.process_time()
        compile_model(ModelConfig(path, "long", path), target)
        seconds = time.process_time() - begun
    return f"{seconds:.1f} s, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--nodes", default="5000,10000,20000")
    parser.add_argument("--target", default="x86_64")
    args = parser.parse_args()
    counts = [int(word) for word in args.nodes.split(",")]
    print(f"| nodes | {' | '.join(f'{count:,}' for count in counts)} |\n|{' --- |' * (1 + len(counts))}")
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for shape in SHAPES:
            cells = [pool.apply(measure, (shape, count, args.target)) for count in counts]
            print(f"| {shape} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
