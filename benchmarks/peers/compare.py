"""mgecc beside other engines on this machine: wall time, memory, loading and size. One JSON, one table.

    python benchmarks/peers/compare.py [MODEL ...] [--cpu v3,v4] [--engines a,b] [--rounds 8] [--json FILE]

One thread, one processor for all; engines take turns in rounds, and each round runs as many inferences as fit into
--milliseconds, at least five. MODEL is a folder of models/, a network of benchmarks/models/, a model.yaml, or an .onnx
or .tflite file that is compared as it is, with the first case of inputs.npz (in.NAME) beside it where there is one. The
engines come from PyPI into environments below build/peers/; one that cannot be had is named and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from environment import BUILD, HERE, Missing, interpreter

ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))

from bench import config_of
from mgecc.config import ModelConfig, load_config
from mgecc.targets import load_target
from mgecc.toolrun.session import compile_and_build
from model_files import config_of_file, is_model_file, prepare_file
from sizes import code_of, products_figures

MODELS = (
    "mobilenet_v1", "mobilenet", "resnet18", "shufflenet_v2", "efficientnet_b0", "tiny_kws", "tiny_ic", "tiny_vww",
    "tiny_ad", "blazeface", "esrgan", "pulsevad", "mnist", "mobilenet_v1_int8", "mobilenet_int8", "resnet18_int8",
    "mnist_int8", "digits_int8",
)  # fmt: skip
LEAST = 5
Row = dict[str, Any]


class Worker:
    """A running engine with a model loaded. Raises Missing where either does not work."""

    def __init__(self, engine: str, folder: Path, python: Path, *arguments: str) -> None:
        self.output = folder / f"{'-'.join([engine, *(Path(a).name for a in arguments)])}.npy"
        command = [str(python), str(HERE / "worker.py"), engine, str(folder), *arguments]
        self.log = self.output.with_suffix(".log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.figures = self._ask(str(self.output))
        self.times: list[int] = []
        self.runs = LEAST

    def _ask(self, line: str) -> Row:
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        for answer in self.process.stdout:
            if answer.startswith("{"):
                return dict(json.loads(answer))
        said = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise Missing((said or ["it ended without a word"])[-1])

    def round(self, nanoseconds: float) -> None:
        """As many inferences as fit, the first of which only warms the caches."""
        taken = self._ask(str(self.runs + 1))["times"][1:]
        self.times += taken
        self.runs = max(LEAST, min(500, int(nanoseconds / statistics.median(taken))))

    def finish(self) -> Row:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        figures = self.figures | dict(json.loads(self.process.stdout.read()))
        self.process.wait()
        libraries = figures.pop("libraries")
        figures |= {"least_ns": min(self.times), "median_ns": int(statistics.median(self.times))}
        return figures | {"runs": len(self.times), "code_bytes": sum(map(code_of, libraries))}


def engines(named: str = "") -> list[str]:
    """All but mgecc itself, or those of a list that has names; mgecc is measured in any case."""
    if named:
        return [name for name in named.split(",") if name != "mgecc"]
    return sorted(p.stem for p in (HERE / "engines").glob("*.py") if p.stem not in ("__init__", "mgecc"))


def runnable(cpus: list[str]) -> list[str]:
    """Those that this machine has the instructions of."""
    flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    return [cpu for cpu in cpus if flags >= set(load_target("x86_64", cpu).host_flags)]


def _prepare(config: ModelConfig, folder: Path) -> str:
    """Files for the engines; what stands against it, if anything does."""
    if is_model_file(config.model.name):
        prepare_file(config, folder)
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    python = interpreter("onnxruntime")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "rules")}
    command = [str(python), str(HERE / "onnx_of.py"), str(config.path), str(folder)]
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    return (done.stderr.strip().splitlines() or ["onnx_of.py failed"])[-1] if done.returncode else ""


def _start(config: ModelConfig, folder: Path, options: argparse.Namespace) -> tuple[dict[str, Worker], Row]:
    """Workers by name, and why others are missing."""
    workers, missing, own = {}, {}, Path(sys.executable)
    for cpu in runnable(options.cpu.split(",")):
        products = folder / f"mgecc-{cpu}"
        compile_and_build(config, load_target("x86_64", cpu), "zig", products)
        workers[f"mgecc {cpu}"] = Worker("mgecc", folder, own, str(products))
    given = dict(pair.split("=", 1) for pair in options.python)
    for name in engines(options.engines):
        try:
            workers[name] = Worker(name, folder, Path(given[name]) if name in given else interpreter(name))
        except (Missing, subprocess.CalledProcessError) as error:
            missing[name] = str(error)
    return workers, missing


def compare(config: ModelConfig, options: argparse.Namespace) -> Row:
    """Figures of all engines on one model: {"engines": {name: row}, "missing": {name: why}, "load": ...}."""
    folder = BUILD / config.name
    problem = _prepare(config, folder)
    if problem:
        return {"engines": {}, "missing": {"all": problem}}
    workers, missing = _start(config, folder, options)
    for _ in range(options.rounds):
        for worker in workers.values():
            worker.round(options.milliseconds * 1e6)
    first = np.load(next(iter(workers.values())).output).reshape(-1)
    rows = {}
    for name, worker in workers.items():
        row, found = worker.finish(), np.load(worker.output).reshape(-1)
        if found.shape != first.shape:
            missing[name] = f"gives {found.size} numbers instead of {first.size}"
            continue
        rows[name] = row | {"apart": float(np.abs(found - first).max() / np.abs(first).max())}
        if name.startswith("mgecc"):
            rows[name] |= products_figures(folder / name.replace(" ", "-"), config.name)
    return {"engines": rows, "missing": missing, "load": os.getloadavg()[0]}


def table(figures: dict[str, Row], heading: bool = True) -> str:
    """Markdown: times in milliseconds, and each engine against the fastest other one."""
    head = ("model", "engine", "least (ms)", "median (ms)", "/ best peer", "runs", "apart", "memory (MB)", "code (KB)",
            "load (ms)")  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)] if heading else []
    for model, found in figures.items():
        peers = [row["least_ns"] for name, row in found["engines"].items() if not name.startswith("mgecc")]
        for name, row in found["engines"].items():
            cells = [model, f"{name} {row['version']}".strip(), f"{row['least_ns'] / 1e6:.3f}",
                     f"{row['median_ns'] / 1e6:.3f}", f"{row['least_ns'] / min(peers):.2f}" if peers else "",
                     str(row["runs"]), f"{row['apart']:.0e}", f"{row['peak_bytes'] / 1e6:.1f}",
                     f"{row['code_bytes'] / 1e3:.0f}", f"{row['load_ns'] / 1e6:.2f}"]  # fmt: skip
            lines.append("| " + " | ".join(cells) + " |")
        lines += [f"| {model} | {name} | missing: {why[:120]} |" for name, why in found["missing"].items()]
    return "\n".join(lines) + "\n"


def own_table(figures: dict[str, Row]) -> str:
    """Markdown: sizes, memory and opening of mgecc's builds."""
    head = ("model", "build", "runtime (B)", "kernels (B)", "blob (B)", "arena (B)", "/ bound", "open (us)",
            "without checksum (us)", "allocators")  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for model, found in figures.items():
        for name, row in found["engines"].items():
            if name.startswith("mgecc"):
                sizes = [str(row[f"{part}_bytes"]) for part in ("runtime", "kernel", "blob")]
                opening = [f"{row[key] / 1e3:.1f}" for key in ("open_ns", "open_without_crc_ns")]
                ratio = f"{row['arena'] / max(1, row['arena_bound']):.3f}"
                memory, wanted = [str(row["arena"]), ratio], [", ".join(row["allocators"]) or "none"]
                lines.append("| " + " | ".join([model, name, *sizes, *memory, *opening, *wanted]) + " |")
    return "\n".join(lines) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--cpu", default="v3,v4,v4-vnni,v4-amx", help="of mgecc")
    parser.add_argument("--engines", default="", help="otherwise all")
    parser.add_argument(
        "--python", action="append", default=[], metavar="ENGINE=PROGRAM", help="an environment of yours"
    )
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--milliseconds", type=float, default=50, help="of each engine in each round")
    parser.add_argument(
        "--clock",
        choices=["wall", "processor"],
        default="wall",
        help="processor: on a machine with other work",
    )
    parser.add_argument("--json", type=Path, default=BUILD / "peers.json")
    return parser.parse_args()


def _config(model: str) -> ModelConfig:
    if is_model_file(model):
        return config_of_file(Path(model))
    return load_config(Path(model)) if model.endswith(".yaml") else config_of(model)


def main() -> None:
    options = _options()
    os.environ["PEERS_CLOCK"] = options.clock
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    figures = {}
    wanted = options.models or MODELS
    for model in wanted:
        config = _config(model)
        figures[config.name] = compare(config, options)
        print(table({config.name: figures[config.name]}, heading=model == wanted[0]), end="", flush=True)
    print("\n" + own_table(figures), end="")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
