"""Cycles of inner loops on Arm by llvm-mca, in order and out of order, against the multiply-add units.

    PYTHONPATH=rules:benchmarks/kernels python benchmarks/kernels/cycles.py [--target arm64|armv7]
        [--toolchain zig] [--llvm-mca llvm-mca-19]

For each layer: of the cheapest candidate's innermost loops the one with most multiply-adds, its share of the best
rate, and in brackets the cycles of one multiply-add of four lanes. llvm-mca knows issue widths, latencies and units,
but no caches: loads always hit. It has a model of Neoverse-N1 from release 16 on (before, it takes Cortex-A57's). In
32 bits it has none of processors in order: none of Cortex-A7 and A53, and that of Cortex-R52 lacks VLDM.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from pathlib import Path

from count_conv import Layer, _node
from counting import lay_out
from mgecc.graph import DType
from mgecc.kernels import candidates
from mgecc.kernels.render import header_text, render_kernel
from mgecc.targets import Target, load_target
from mgecc.targets.toolchain import Toolchain, load_toolchain

_LAYERS: tuple[Layer, ...] = (
    ("dense", 256, 256, 14, 1, 1),
    ("dense", 64, 64, 56, 3, 1),
    ("dense", 256, 256, 14, 3, 1),
    ("dense", 512, 512, 7, 3, 1),
    ("dense", 64, 128, 56, 3, 2),
    ("dense", 3, 32, 224, 3, 2),
    ("depthwise", 64, 64, 56, 3, 1),
    ("depthwise", 64, 64, 56, 3, 2),
    ("depthwise", 240, 240, 28, 5, 1),
)
_PROCESSORS = {"arm64": ("cortex-a55", "cortex-a76", "neoverse-n1"), "armv7": ("cortex-a57",)}
# Independent multiply-adds, which show what the unit can do at best in llvm-mca's model of the processor.
_BEST = {
    "arm64": [f"\tfmla v{i}.4s, v30.4s, v31.s[0]" for i in range(12)] * 4,
    "armv7": [f"\tvfma.f32 q{i}, q14, q15" for i in range(12)] * 4,
}
_MADD = re.compile(r"^\s*(?:fml[as]|vfm[as]\.f32|vml[as]\.f32)\s")
_LABEL = re.compile(r"^(\.\w+):")
_BRANCH = re.compile(
    r"^\s*b\.?(?:eq|ne|lt|le|gt|ge|hi|lo|hs|ls|cs|cc|mi|pl)?(?:\.w)?\s+(\.\w+)\s*$|^\s*cbn?z\s+\w+, (\.\w+)\s*$"
)


def assembly(layer: Layer, target: Target, tools: Toolchain, folder: Path) -> tuple[str, str]:
    """Symbol and assembly text of the cheapest candidate's first kernel."""
    node, _ = _node(layer, ("relu",), DType("float32"))
    kernel = lay_out(node, min(candidates(node, target), key=lambda c: c.cost))[0].kernel
    source, result = folder / "kernel.c", folder / "kernel.s"
    headers = [header_text(name, target.facts) for name in (target.isa, *kernel.needs)]
    source.write_text("\n".join([*headers, render_kernel(kernel, target)]), encoding="utf-8")
    words = ["-S" if word == "-c" else word for word in tools.compile_args(source, result)]
    subprocess.run(words, check=True)
    return kernel.symbol, result.read_text(encoding="utf-8")


def inner_loop(text: str) -> list[str]:
    """The lines of the loop with the most multiply-adds of those that have no loop inside."""
    lines = [line.split("//")[0].split("@")[0].rstrip() for line in text.splitlines()]
    labels = {found[1]: i for i, line in enumerate(lines) if (found := _LABEL.match(line))}
    ends = [
        (i, labels.get(found[1] or found[2], i))
        for i, line in enumerate(lines)
        if (found := _BRANCH.match(line))
    ]
    loops = [(start, end) for end, start in ends if start < end]
    inner = [a for a in loops if not any(b != a and a[0] <= b[0] and b[1] <= a[1] for b in loops)]
    start, end = max(inner, key=lambda loop: sum(map(bool, map(_MADD.match, lines[loop[0] : loop[1]]))))
    return [line for line in lines[start : end + 1] if line.startswith("\t") and not line.startswith("\t.")]


def cycles(loop: list[str], target: Target, processor: str, tool: str) -> float:
    """Cycles of one turn, of a hundred."""
    vectors = ["-mattr=+neon,+vfp4"] if target.machine == "arm" else []
    command = [tool, f"-mtriple={target.triple}", f"-mcpu={processor}", *vectors, "-iterations=100"]
    done = subprocess.run(command, input="\n".join(loop), capture_output=True, text=True, check=False)
    found = re.search(r"Total Cycles:\s+(\d+)", done.stdout)
    if found is None:
        raise SystemExit(f"llvm-mca reported nothing: {done.stderr[:300]}")
    return int(found[1]) / 100


def main() -> None:
    """A table: layer and kernel, multiply-adds of the loop, share of the unit's peak for each processor."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--toolchain", default="zig")
    parser.add_argument("--llvm-mca", default="llvm-mca")
    parser.add_argument("--target", default="arm64", choices=sorted(_PROCESSORS))
    options = parser.parse_args()
    target, processors, peak = load_target(options.target), _PROCESSORS[options.target], _BEST[options.target]
    tools = load_toolchain(options.toolchain, target)
    best = {p: cycles(peak, target, p, options.llvm_mca) / len(peak) for p in processors}
    print(f"| layer | kernel | instructions / multiply-adds | {' | '.join(processors)} |")
    for layer in _LAYERS:
        with tempfile.TemporaryDirectory() as folder:
            symbol, text = assembly(layer, target, tools, Path(folder))
        loop = inner_loop(text)
        madds = sum(map(bool, map(_MADD.match, loop)))
        each = {p: cycles(loop, target, p, options.llvm_mca) / madds for p in processors}
        shares = [f"{best[p] / each[p]:.0%} ({each[p]:.2f})" for p in processors]
        print(f"| {' '.join(map(str, layer))} | {symbol} | {len(loop)} / {madds} | {' | '.join(shares)} |")


if __name__ == "__main__":
    main()
