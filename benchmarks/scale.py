"""How a build grows with its models: the table in docs/incremental.md.

    python benchmarks/scale.py [--models 50] [--targets arm64,armv7,...]

Makes a tree of tiny models in a temporary folder and measures the first build, a build with nothing to do, and one in
which a model got other weights. Seconds are of the wall clock and of the processors, the best of three where a build
can be repeated; on a machine that does other things only the latter mean something. Memory is the peak of the
largest process.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "tests" / "data" / "mge-corpus"
SOURCES = ("conv2d", "cumsum", "pooling", "softmax", "reduce", "padding", "layer_norm", "linear")
TARGETS = "arm64,armv7,arm64v7,x86_64,baremetal"
CHANGED = "model_000"


@dataclass(frozen=True)
class Run:
    """One run of scons: seconds by the clock and of the processors, peak memory in bytes, steps it took."""

    seconds: float
    cpu: float
    memory: int
    steps: int


def make_tree(root: Path, models: int) -> None:
    for name in ("rules", "site_scons", "runtime"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "SConstruct", root)
    for i in range(models):
        folder = root / "models" / f"model_{i:03}"
        folder.mkdir(parents=True)
        shutil.copy(CORPUS / f"{SOURCES[i % len(SOURCES)]}.mge", folder / "net.mge")
        (folder / "model.yaml").write_text("model: net.mge\n")


def run(root: Path, *args: str) -> Run:
    """Run scons to its end; the peak is that of the largest process so far."""
    start, cpu = time.perf_counter(), cpu_seconds()
    command = [sys.executable, "-m", "SCons", "-Q", "cache_mode=off", *args]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    seconds = time.perf_counter() - start
    steps = len(re.findall(r"^  (?:MGE|CC|AS|AR|LD) ", done.stdout, re.MULTILINE))
    return Run(
        seconds, cpu_seconds() - cpu, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, steps
    )


def cpu_seconds() -> float:
    """Of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def change(root: Path) -> None:
    """Other weights of the same graph: flip the lowest bit of a number in the file's last quarter."""
    path = root / "models" / CHANGED / "net.mge"
    data = bytearray(path.read_bytes())
    data[len(data) * 3 // 4] ^= 1
    path.write_bytes(data)


def best(root: Path, *args: str) -> Run:
    return min((run(root, *args) for _ in range(3)), key=lambda r: r.cpu)


def measure(models: int, targets: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_tree(root, models)
        everything = [f"target={targets}", "model=all"]
        first, null = run(root, *everything), best(root, *everything)
        change(root)
        after = run(root, *everything)
        change(root)
        alone = run(root, f"target={targets}", f"model={CHANGED}")
    load = os.getloadavg()[0]
    print(
        f"{models} models x {len(targets.split(','))} targets, {os.cpu_count()} processors, load {load:.1f}"
    )
    rows = {
        "first build": first,
        "nothing to do": null,
        "one model changed": after,
        "that model alone": alone,
    }
    for name, one in rows.items():
        print(f"  {name:<18}{one.seconds:7.2f} s, {one.cpu:7.2f} s of processors, {one.steps} steps")
    print(f"  peak memory        {max(first.memory, null.memory) / 2**20:7.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--targets", default=TARGETS)
    args = parser.parse_args()
    measure(args.models, args.targets)


if __name__ == "__main__":
    main()
