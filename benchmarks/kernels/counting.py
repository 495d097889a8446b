"""Executed guest instructions of single kernel calls, by a QEMU user-mode plugin (runtime/emulator)."""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mgecc.graph import Node, Value
from mgecc.kernels import Call, Candidate, Const, Workspace
from mgecc.kernels.render import header_text, render_kernel
from mgecc.targets import Target
from mgecc.targets.toolchain import Toolchain

_EXIT = {
    "aarch64": '__asm__ volatile("mov x8, #93\\n mov x0, #0\\n svc #0")',
    "arm": '__asm__ volatile("mov r7, #1\\n mov r0, #0\\n svc #0")',
}
_LIBC = """
void *memcpy(void *restrict to, const void *restrict from, size_t n)
{ for (size_t i = 0; i < n; i++) ((char *)to)[i] = ((const char *)from)[i]; return to; }
void *memset(void *to, int byte, size_t n)
{ for (size_t i = 0; i < n; i++) ((char *)to)[i] = (char)byte; return to; }
"""


@dataclass(frozen=True)
class Counter:
    """``emulator``: command with the plugin; ``folder``: where programs are made."""

    toolchain: Toolchain
    emulator: tuple[str, ...]
    folder: Path

    def count(self, node: Node, candidate: Candidate, target: Target) -> int:
        """Instructions of all calls of the candidate, on data of zeros."""
        text, unit, program = self.folder / "count.c", self.folder / "count.o", self.folder / "count"
        text.write_text(_program(lay_out(node, candidate), target), encoding="utf-8")
        subprocess.run(self.toolchain.compile_args(text, unit), check=True)
        subprocess.run(self.toolchain.link_program_args(program, [unit]), check=True)
        done = subprocess.run([*self.emulator, str(program)], check=True, capture_output=True, text=True)
        found = re.search(r"^insns (\d+)", done.stderr, re.MULTILINE)
        if found is None:
            raise RuntimeError(f"the plugin reported nothing: {done.stderr[:200]}")
        return int(found[1])


def lay_out(node: Node, candidate: Candidate) -> list[Call]:
    """The candidate's calls, with the node's values in the layouts it wants."""
    for v, block in zip((*node.inputs, *node.outputs), (*candidate.in_blocks, *candidate.out_blocks)):
        if not v.is_const:
            v.type = v.type.with_block(block)
    return candidate.build(node)


def _nbytes(operand: object) -> int:
    if isinstance(operand, Const):
        return int(operand.pack().nbytes)
    if isinstance(operand, Workspace):
        return operand.nbytes
    assert isinstance(operand, Value)
    return operand.type.nbytes


def _words(call: Call) -> str:
    kinds = ["<f" if ctype == "float" else "<i" for _, ctype in call.kernel.fields]
    words = [struct.unpack("<i", struct.pack(k, a))[0] for k, a in zip(kinds, call.numbers, strict=True)]
    return ", ".join(map(str, words)) or "0"


def _program(calls: Sequence[Call], target: Target) -> str:
    kernels = list(dict.fromkeys(c.kernel for c in calls))
    headers = list(dict.fromkeys([target.isa, *(n for k in kernels for n in k.needs)]))
    parts = (
        [header_text(h, target.facts) for h in headers]
        + [_LIBC]
        + [render_kernel(k, target) for k in kernels]
    )
    body = ""
    for i, call in enumerate(calls):
        for j, operand in enumerate(call.operands):
            if operand is not None:
                parts.append(
                    f"static char d{i}_{j}[{max(64, _nbytes(operand))}] __attribute__((aligned(64)));"
                )
        pointers = ", ".join("0" if o is None else f"d{i}_{j}" for j, o in enumerate(call.operands))
        parts.append(f"static const int32_t a{i}[] = {{{_words(call)}}};")
        body += f"    void *const t{i}[] = {{{pointers}}};\n    {call.kernel.symbol}(t{i}, a{i});\n"
    parts.append(f"void _start(void)\n{{\n{body}    {_EXIT[target.machine]};\n    for (;;) ;\n}}\n")
    return "\n".join(parts)
