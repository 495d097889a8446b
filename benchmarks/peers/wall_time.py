"""Wall time of one model on this machine: mgecc beside other engines, one thread, pinned, interleaved by rounds.

    python benchmarks/peers/wall_time.py models/mobilenet/model.yaml model.onnx [--cpu v4] [--rounds 8] [--json FILE]

model.onnx comes from onnx_of.py. Engines whose packages are not installed (onnxruntime, openvino) are left out, by
name. Each round runs every engine ``--runs`` times; the table gives the least and the median of all runs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from mgecc.config import ModelConfig, load_cases, load_config
from mgecc.targets import load_target
from mgecc.toolrun.session import compile_and_build, prepare, run_cases
from mgecc.toolrun.tensors import input_cases

Engine = Callable[[int], tuple[list[float], np.ndarray]]  # runs -> milliseconds each, first output


def _timed(run: Callable[[], np.ndarray], runs: int) -> tuple[list[float], np.ndarray]:
    times, result = [], run()
    for _ in range(runs):
        start = time.perf_counter_ns()
        run()
        times.append((time.perf_counter_ns() - start) / 1e6)
    return times, result


def _mgecc(config: ModelConfig, cpu: str, folder: Path) -> Engine:
    libraries = compile_and_build(config, load_target("x86_64", cpu), "zig", folder / "products")
    session = prepare(libraries, "zig", folder / "runner")
    assert config.verify.inputs is not None
    case = input_cases(load_cases(config.verify.inputs), session.interface)[0]

    def run(runs: int) -> tuple[list[float], np.ndarray]:
        outputs, times = run_cases(session, session.runners[0], [case], runs + 1)
        return [t / 1e6 for t in times[1:]], np.frombuffer(outputs[0], np.float32)

    return run


def _onnxruntime(path: Path, inputs: dict[str, np.ndarray]) -> Engine:
    import onnxruntime  # type: ignore[import-not-found]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda runs: _timed(lambda: session.run(None, inputs)[0], runs)


def _openvino(path: Path, inputs: dict[str, np.ndarray]) -> Engine:
    import openvino  # type: ignore[import-not-found]

    hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
    request = openvino.compile_model(str(path), "CPU", hints).create_infer_request()
    return lambda runs: _timed(lambda: request.infer(inputs)[0], runs)


def _engines(config: ModelConfig, path: Path, cpus: list[str], folder: Path) -> dict[str, Engine]:
    import onnx  # type: ignore[import-not-found]

    assert config.verify.inputs is not None
    wanted = onnx.load(str(path)).graph.input
    cases = load_cases(config.verify.inputs)
    shapes = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim] for i in wanted}
    inputs = {
        name: np.asarray(array, np.float32).reshape(-1, *shape)[0]
        for (name, shape), array in zip(shapes.items(), cases.values(), strict=True)
    }
    found = {f"mgecc {cpu}": _mgecc(config, cpu, folder / cpu) for cpu in cpus}
    for name, make in (("onnxruntime", _onnxruntime), ("openvino", _openvino)):
        try:
            found[name] = make(path, inputs)
        except ImportError:
            print(f"{name} is not installed: left out")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("onnx", type=Path)
    parser.add_argument("--cpu", default="v3,v4")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory(prefix="mgecc-") as name:
        engines = _engines(load_config(args.model), args.onnx, args.cpu.split(","), Path(name))
        times: dict[str, list[float]] = {engine: [] for engine in engines}
        outputs: dict[str, np.ndarray] = {}
        for _ in range(args.rounds):
            for engine, run in engines.items():
                taken, outputs[engine] = run(args.runs)
                times[engine] += taken
    first = next(iter(outputs.values())).reshape(-1)
    rows = {}
    for engine, taken in times.items():
        apart = float(np.abs(outputs[engine].reshape(-1) - first).max() / np.abs(first).max())
        rows[engine] = {
            "least": min(taken),
            "median": statistics.median(taken),
            "runs": len(taken),
            "apart": apart,
        }
        print(f"{engine:12} least {min(taken):7.3f} ms  median {statistics.median(taken):7.3f} ms  "
              f"of {len(taken)}, {apart:.1e} apart from the first")  # fmt: skip
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
