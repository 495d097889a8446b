"""One engine with one model in a process of its own: ``worker.py ENGINE FOLDER [ARGUMENT]``.

Prints a JSON line when loaded. Then, for every line with a number on the standard input, runs that many inferences and
prints their nanoseconds; at its end, the memory used. Knows NumPy and the engine alone, on Python 3.10 and newer.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

CLOCKS = {"wall": time.perf_counter_ns, "processor": time.process_time_ns}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def _memory(what: str) -> int:
    """Bytes of "VmRSS" (resident now) or "VmHWM" (the most so far) of this process."""
    rows = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return next(int(row[1]) * 1024 for row in rows if row[0] == f"{what}:")


def _libraries() -> list[str]:
    """Shared objects in this process that are neither the system's nor NumPy's."""
    rows = (line.split(maxsplit=5) for line in Path("/proc/self/maps").read_text().splitlines())
    files = {row[5] for row in rows if len(row) == 6 and ".so" in row[5]}
    ours = {f for f in files if "site-packages" in f and "/numpy" not in f}
    return sorted(f for f in ours if "/ml_dtypes/" not in f and "/protobuf/" not in f)


def _say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    name, folder, *rest = sys.argv[1:]
    import numpy as np

    inputs = dict(np.load(f"{folder}/inputs.npz"))
    before = _memory("VmRSS")
    engine = importlib.import_module(f"engines.{name}")
    getattr(engine, "convert", Path)(Path(folder))
    imported, start = _memory("VmRSS"), time.perf_counter_ns()
    run = engine.load(Path(folder), inputs, *rest)
    loaded = time.perf_counter_ns() - start
    np.save(sys.stdin.readline().strip(), np.asarray(run(), np.float32))
    _say(version=engine.version(), load_ns=loaded, import_bytes=imported - before, libraries=_libraries())
    clock = CLOCKS[os.environ.get("PEERS_CLOCK", "wall")]
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = clock()
            run()
            times.append(clock() - start)
        _say(times=times)
    _say(peak_bytes=_memory("VmHWM") - imported)


if __name__ == "__main__":
    os.environ.update(dict.fromkeys(THREADS, "1"))
    main()
