"""Share of this processor's multiply-add peak that 1x1 convolutions of MobileNets reach, on x86-64, in float32.

    PYTHONPATH=rules:benchmarks/kernels python benchmarks/kernels/peak.py [--cpu native] [--network mobilenet_v1]

Layers whose results do not fit the cache are measured in slices of channels, as they are compiled before a depthwise
one. The peak is that of independent multiply-adds in registers, measured anew after every run of a layer, since clocks
change; layers take turns, and the median of the rounds counts. Every run of a layer reads weights that 32 MB of other
data have pushed out of the caches near the processor (cold), as they are within a network, or the same ones (warm).
"""

from __future__ import annotations

import argparse
import ctypes
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from count_conv import _NETWORKS, Layer, _node
from counting import lay_out
from mgecc.graph import DType
from mgecc.kernels import Call, Const, candidates
from mgecc.kernels.render import header_text, render_kernel
from mgecc.planner import slices
from mgecc.targets import Target, load_target
from mgecc.targets.toolchain import load_toolchain

_ROUNDS, _REPEATS = 50, 5
_COUNT = 50_000
# Lanes of the vectors -> independent sums, so many that they fit the registers and hide an instruction's latency.
_SUMS = {16: 24, 8: 12}
_DRIVER = """
#include <time.h>
typedef float v __attribute__((vector_size(%(width)d)));
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}
/* Seconds of so many steps of independent multiply-adds. */
double peak(void)
{
    v s[%(sums)d] = {{0}}, a = {0}, b = {0};
    __asm__ volatile("" : "+x"(a), "+x"(b));
    const double start = now();
    for (int i = 0; i < %(count)d; i++) {
%(steps)s
    }
%(keep)s
    return now() - start;
}
double layer(void (*kernel)(void *const *, const int *), void *const *t, const int *a)
{
    const double start = now();
    kernel(t, a);
    return now() - start;
}
/* Walks through memory that is none of the layer's. */
float other(float *p, long n)
{
    float sum = 0;
    for (long i = 0; i < n; i += 16)
        sum += p[i] += 1;
    return sum;
}
"""


def _driver(lanes: int) -> str:
    instruction = '        __asm__ volatile("vfmadd231ps %1, %2, %0" : "+x"(s[{0}]) : "x"(a), "x"(b));'
    sums = _SUMS[lanes]
    steps = "\n".join(instruction.format(i) for i in range(sums))
    keep = "\n".join(f'    __asm__ volatile("" : : "x"(s[{i}]));' for i in range(sums))
    return _DRIVER % {"width": 4 * lanes, "sums": sums, "count": _COUNT, "steps": steps, "keep": keep}


def _library(call: Call, target: Target, folder: Path) -> ctypes.CDLL:
    tools, name = load_toolchain("zig", target), call.kernel.symbol
    headers = dict.fromkeys([target.isa, *call.kernel.needs])
    text = "".join(header_text(name, target.facts) for name in headers) + render_kernel(call.kernel, target)
    unit, driver, library = folder / f"{name}.c", folder / "driver.c", folder / f"{name}.so"
    unit.write_text(
        f"{text}\nvoid (*const entry)(void *const *, const int32_t *) = {name};\n", encoding="utf-8"
    )
    driver.write_text(_driver(target.lanes), encoding="utf-8")
    args = [a for a in tools.compile_args(unit, unit.with_suffix(".o")) if a != "-fvisibility=hidden"]
    subprocess.run(args, check=True)
    flags = ["-O2", "-shared", "-fPIC", "-mavx512f" if target.lanes == 16 else "-mavx2", "-mfma"]
    subprocess.run(["cc", *flags, "-o", library, driver, unit.with_suffix(".o")], check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.peak.restype = loaded.layer.restype = ctypes.c_double
    loaded.other.restype = ctypes.c_float
    return loaded


def _aligned(nbytes: int) -> np.ndarray:
    raw = np.zeros(nbytes + 128, np.uint8)
    return raw[-raw.ctypes.data % 64 :][: nbytes + 64]


def _runner(call: Call, library: ctypes.CDLL) -> Callable[[], float]:
    buffers = [
        _aligned(o.pack().nbytes if isinstance(o, Const) else o.type.nbytes)  # type: ignore[union-attr]
        for o in call.operands
    ]
    pointers = (ctypes.c_void_p * len(buffers))(*(b.ctypes.data for b in buffers))
    numbers = (ctypes.c_int * max(1, len(call.numbers)))(*map(int, call.numbers))
    entry = ctypes.c_void_p.in_dll(library, "entry")

    def run(_alive: list[np.ndarray] = buffers) -> float:
        return float(library.layer(entry, pointers, numbers))

    return run


class _Measured:
    """A layer as it is compiled, and which parts of the peak it has reached so far."""

    def __init__(self, layer: Layer, target: Target, folder: Path) -> None:
        kind, ic, oc, size, *rest = layer
        self.text = f"{ic:>4} -> {oc:<4} {size:>3} x {size:<3}"
        width = slices.width_for_cache(oc, 4 * size**2, target.block_of("float32"), target.cache)
        node, macs = _node((kind, ic, width, size, *rest), ("relu",), DType("float32"))
        calls = lay_out(node, min(candidates(node, target), key=lambda c: c.cost))
        libraries = [_library(call, target, folder) for call in calls]
        self.runs = [_runner(call, library) for call, library in zip(calls, libraries)]
        self.library = libraries[0]
        self.ideal = macs / (_COUNT * _SUMS[target.lanes] * target.lanes)
        self.warm: list[float] = []
        self.cold: list[float] = []

    def share(self) -> float:
        spent = sum(run() for run in self.runs)
        return self.ideal * float(self.library.peak()) / spent

    def measure(self, other: np.ndarray) -> None:
        self.share()
        self.warm += [self.share() for _ in range(_REPEATS)]
        self.library.other(ctypes.c_void_p(other.ctypes.data), ctypes.c_long(8 << 20))
        self.cold.append(self.share())


def _layers(network: str, target: Target, folder: Path) -> list[_Measured]:
    return [
        _Measured(layer, target, folder)
        for layer in dict.fromkeys(_NETWORKS[network]())
        if layer[0] == "dense" and layer[4] == 1
    ]


def main() -> None:
    """Print one line a layer."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cpu", default="native")
    parser.add_argument("--network", default="mobilenet_v1", choices=sorted(_NETWORKS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        layers = _layers(options.network, load_target("x86_64", options.cpu), Path(folder))
        other = _aligned(32 << 20)
        for _ in range(_ROUNDS):
            for layer in layers:
                layer.measure(other)
    for layer in layers:
        print(f"{layer.text}  warm {median(layer.warm):6.1%}  cold {median(layer.cold):6.1%}")


if __name__ == "__main__":
    main()
