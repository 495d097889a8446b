"""Executed guest instructions of one inference, exact and repeatable, against the ideal of MACs / 4.

    python benchmarks/count_model.py models/mobilenet/model.yaml --target arm64 [--optimize size] [--kernels]
    python benchmarks/count_model.py net.tflite --target cortex-m4   # inputs.npz beside it, or random numbers

Needs the package qemu-user (statically linked builds of QEMU load no plugins), for the target baremetal
qemu-system-arm, and a host C compiler for the plugin runtime/emulator/qemu_insn_count.c.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mgecc.config import ModelConfig, load_cases
from mgecc.targets import Target, load_target
from mgecc.toolrun.instructions import build_counter, counting_command
from mgecc.toolrun.products import read_config
from mgecc.toolrun.session import Session, compile_and_build, prepare
from mgecc.toolrun.tensors import Interface, input_cases
from mgecc.toolrun.verify_sizes import random_inputs


@dataclass(frozen=True)
class Count:
    """Instructions of one inference, its multiply-accumulates, and instructions by kernel."""

    instructions: int
    macs: int
    kernels: dict[str, int]

    @property
    def ratio(self) -> float:
        return self.instructions / (self.macs / 4)


def _parse(text: str, macs: int) -> Count:
    total = re.search(r"^insns (\d+)", text, re.MULTILINE)
    if total is None:
        raise SystemExit(f"the plugin reported nothing: {text[-300:]}")
    rows = re.findall(r"^sym (\d+) (\w+)", text, re.MULTILINE)
    return Count(int(total[1]), macs, {name: int(n) for n, name in rows})


def count(session: Session, inputs: bytes, macs: int, folder: Path) -> Count:
    """Run one case under the plugin."""
    (folder / "inputs.bin").write_bytes(inputs)
    options, words = "mark=mg_mark,sym=1,top=60", ["inputs.bin", "outputs.bin"]
    command = counting_command(session.runners[0], build_counter(folder), options, words)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return _parse(done.stderr, macs)


def first_case(config: ModelConfig, interface: Interface) -> bytes:
    """Of the recorded ones, or of inputs.npz beside a model file, or of random numbers."""
    recorded = config.verify.inputs or config.model.with_name("inputs.npz")
    arrays = load_cases(recorded) if recorded.is_file() else random_inputs(interface)
    return input_cases(arrays, interface)[0]


def measure(config: ModelConfig, target: Target, toolchain: str) -> Count:
    """Compile, build and count the first case of a model."""
    with tempfile.TemporaryDirectory(prefix="mgecc-") as name:
        folder = Path(name)
        libraries = compile_and_build(config, target, toolchain, folder / "products")
        session = prepare(libraries, toolchain, folder / "runner")
        report = json.loads((folder / "products" / "report.json").read_text())
        return count(session, first_case(config, session.interface), report["macs"], folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--target", default="arm64")
    parser.add_argument("--toolchain", default="zig")
    parser.add_argument("--optimize", default="")
    parser.add_argument("--kernels", action="store_true", help="also by kernel")
    args = parser.parse_args()
    result = measure(read_config(args.model, "", args.optimize), load_target(args.target), args.toolchain)
    print(f"{result.instructions} instructions, {result.macs} MACs, ratio to MACs/4: {result.ratio:.3f}")
    for name, number in result.kernels.items() if args.kernels else ():
        print(f"  {number:>12}  {name}")


if __name__ == "__main__":
    main()
