"""Many cases at once: every candidate of every case against the operator's meaning, all kernels in one library."""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from harness import all_candidates, c_text, run_candidate
from mgecc import ops
from mgecc.graph import Node, Value
from mgecc.kernels import Call, Candidate, Const, Workspace
from mgecc.kernels.layout import from_blocked, to_blocked
from mgecc.kernels.render import header_text
from mgecc.targets import Target, load_target

RTOL = 1e-4


@dataclass(frozen=True)
class Case:
    """``make`` gives a fresh node; ``inputs`` its numbers, constants included; ``text`` says what is tested.

    ``room``: allowed error of each number of the result, 1e-4 of the largest unless given.
    """

    text: str
    make: Callable[[], Node]
    inputs: Sequence[np.ndarray]
    room: np.ndarray | None = None

    def want(self) -> np.ndarray:
        return ops.evaluate(self.make(), self.inputs)[0]

    def ways(self, target: Target) -> list[tuple[Node, Candidate]]:
        """Each candidate with a node of its own, whose values are in the candidate's layouts."""
        return [self._way(target, i) for i in range(len(all_candidates(self.make(), target)))]

    def _way(self, target: Target, index: int) -> tuple[Node, Candidate]:
        node = self.make()
        found = all_candidates(node, target)[index]
        for v, block in zip((*node.inputs, *node.outputs), (*found.in_blocks, *found.out_blocks)):
            v.type = v.type.with_block(1 if v.is_const else block)
        return node, found


def _compare(case: Case, candidate: Candidate, target: Target, got: np.ndarray) -> None:
    want = case.want()
    message = f"{case.text}: {candidate.why} on {target.isa}"
    if want.dtype.kind != "f":
        np.testing.assert_array_equal(got, want, err_msg=message)
        return
    if case.room is not None:
        over = np.abs(got.astype(np.float64) - want.astype(np.float64)) / case.room
        assert np.isfinite(got).all() and over.max(initial=0) <= 1, f"{message}: {over.max():.3g} of the room"
        return
    np.testing.assert_allclose(
        got, want, rtol=RTOL, atol=RTOL * max(1.0, float(np.abs(want).max())), err_msg=message
    )


def check_native(cases: Sequence[Case], target: Target) -> set[str]:
    """Run all candidates on this machine; gives the templates that were run."""
    ways = [(case, node, found) for case in cases for node, found in case.ways(target)]
    kernels = [call.kernel for _, node, found in ways for call in found.build(node)]
    for case, node, found in ways:
        _compare(case, found, target, run_candidate(node, target, found, case.inputs, kernels)[0])
    return {k.template for k in kernels}


def check_emulated(cases: Sequence[Case], target_name: str) -> None:
    """Run all candidates as one static program of Debian's cross compiler under QEMU."""
    target = load_target(target_name)
    compiler, emulator = f"{target.gcc['prefix']}gcc", target.emulator[0]
    if not shutil.which(compiler) or not shutil.which(emulator):
        pytest.skip(f"{compiler} or {emulator} is not installed")
    ways = [(case, node, found) for case in cases for node, found in case.ways(target)]
    with tempfile.TemporaryDirectory() as folder:
        program = _Program(target)
        for case, node, found in ways:
            program.add(case, node, found)
        output = program.run(Path(folder), compiler)
    for case, node, found in ways:
        value = node.output
        stored = np.frombuffer(output[: value.type.nbytes], value.type.dtype.numpy).reshape(
            value.type.stored_shape
        )
        output = output[value.type.nbytes :]
        block = value.type.block
        _compare(case, found, target, stored if block == 1 else from_blocked(stored, block, value.shape[1]))


class _Program:
    """One C program that reads every operand from a file, runs the calls and writes every result."""

    def __init__(self, target: Target) -> None:
        self.target, self.calls, self.body, self.data = target, list[Call](), list[str](), bytearray()

    def add(self, case: Case, node: Node, candidate: Candidate) -> None:
        numbers = dict(zip(node.inputs, case.inputs))
        calls = candidate.build(node)
        self.calls += calls
        for call in calls:
            pointers = ", ".join(self._operand(o, numbers, node) for o in call.operands)
            kinds = ["<f" if ctype == "float" else "<i" for _, ctype in call.kernel.fields]
            words = [struct.unpack("<i", struct.pack(k, a))[0] for k, a in zip(kinds, call.args, strict=True)]
            # The smallest integer has no literal of its own type in C.
            args = ", ".join(f"(int32_t){w & 0xFFFFFFFF}u" for w in words)
            self.body.append(
                f"{{ void *t[] = {{ {pointers} }}; int32_t a[] = {{ {args} }}; {call.kernel.symbol}(t, a); }}"
            )
        self.body.append(f"fwrite(result, 1, {node.output.type.nbytes}, stdout);")

    def _operand(self, operand: object, numbers: dict[Value, np.ndarray], node: Node) -> str:
        if operand is node.output:
            return "result"
        if operand is None or isinstance(operand, Workspace):
            return "0" if operand is None else "scratch"
        if isinstance(operand, Const):
            array = operand.pack()
        else:
            assert isinstance(operand, Value)
            array = to_blocked(np.ascontiguousarray(numbers[operand]), operand.type.block)
        self.data += np.ascontiguousarray(array).tobytes()
        return f"take({array.nbytes})"

    def run(self, folder: Path, compiler: str) -> bytes:
        text = header_text(self.target.isa) + c_text(
            list(dict.fromkeys(c.kernel for c in self.calls)), self.target
        )
        main = "\n".join(self.body)
        (folder / "t.c").write_text(
            f"#include <stdio.h>\n#include <stdlib.h>\n{text}\nchar result[1 << 20], scratch[1 << 20];\n"
            "static void *take(size_t n)\n"
            "{ void *p = malloc(n + 1); if (fread(p, 1, n, stdin) != n) exit(2); return p; }\n"
            f"int main(void)\n{{\n{main}\nreturn 0;\n}}\n",
            encoding="utf-8",
        )
        flags = [
            "-std=c99",
            "-O2",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-ffp-contract=off",
            "-fno-math-errno",
            "-static",
        ]
        command = [compiler, *flags, *self.target.cflags, "-o", str(folder / "t"), str(folder / "t.c")]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stderr[:4000]
        emulated = [*self.target.emulator, str(folder / "t")]
        return subprocess.run(emulated, input=bytes(self.data), capture_output=True, check=True).stdout
