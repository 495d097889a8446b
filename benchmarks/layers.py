"""Executed guest instructions of every kernel call of a program, each counted by itself.

The calls run on the model's weights and inputs of zeros, in a program without the runtime: what a kernel executes
depends on sizes and weights only, except where it searches or sorts.
"""

from __future__ import annotations

import re
import struct
import subprocess
from pathlib import Path

from mgecc.kernels.render import header_text, render_kernel
from mgecc.planner import Program, ProgramCall
from mgecc.targets import Target
from mgecc.targets.toolchain import load_toolchain

DIVIDE = Path(__file__).resolve().parent.parent / "runtime" / "runner" / "divide.c"
_EXIT = {
    "aarch64": '__asm__ volatile("mov x8, #93\\n mov x0, #0\\n svc #0")',
    "arm": '__asm__ volatile("mov r7, #1\\n mov r0, #0\\n svc #0")',
}
_MARKS = """
__attribute__((noinline, used)) void mg_mark_begin(void) { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline, used)) void mg_mark_end(void) { __asm__ volatile("nop" ::: "memory"); }
void *memcpy(void *restrict to, const void *restrict from, size_t n)
{ for (size_t i = 0; i < n; i++) ((char *)to)[i] = ((const char *)from)[i]; return to; }
void *memset(void *to, int byte, size_t n)
{ for (size_t i = 0; i < n; i++) ((char *)to)[i] = (char)byte; return to; }
"""
_WEIGHTS = """
__asm__(".data\\n.balign 64\\n.globl weights\\nweights:\\n.incbin \\"%s\\"\\n.zero 64\\n");
"""


def _words(call: ProgramCall) -> str:
    kinds = ["<f" if ctype == "float" else "<i" for _, ctype in call.kernel.fields]
    words = [struct.unpack("<i", struct.pack(k, a))[0] for k, a in zip(kinds, call.args, strict=True)]
    return ", ".join(map(str, words)) or "0"


def _source(program: Program, target: Target) -> str:
    needs = [need for kernel in program.kernels for need in kernel.needs]
    parts = [header_text(name, target.facts) for name in dict.fromkeys([target.isa, *needs])]
    parts += [_MARKS, *(render_kernel(kernel, target) for kernel in program.kernels)]
    parts.append(f"static char arena[{program.arena + 64}] __attribute__((aligned(64)));")
    parts.append("extern char weights[];")
    body = ""
    for i, call in enumerate(program.calls):
        pointers = ", ".join("0" if r is None else f"{r.space} + {r.offset}" for r in call.operands)
        parts.append(f"static const int32_t a{i}[] = {{{_words(call)}}};")
        run = f"mg_mark_begin(); {call.kernel.symbol}(t, a{i}); mg_mark_end();"
        body += f"    {{ void *const t[] = {{{pointers}}}; {run} }}\n"
    parts.append(f"void _start(void)\n{{\n{body}    {_EXIT[target.machine]};\n    for (;;) ;\n}}\n")
    return "\n".join(parts)


def layer_counts(
    program: Program, target: Target, toolchain: str, emulator: list[str], folder: Path
) -> list[int]:
    """Instructions of each call in order. ``emulator``: a command that loads the plugin with each=1."""
    compiler = load_toolchain(toolchain, target)
    text, binary = folder / "layers.c", folder / "layers"
    text.write_text(_source(program, target), encoding="utf-8")
    (folder / "layers.bin").write_bytes(program.weights)
    weights = folder / "weights.c"
    weights.write_text(_WEIGHTS % (folder / "layers.bin"), encoding="utf-8")
    units = []
    for source in (text, weights, DIVIDE):
        units.append(folder / f"layers_{source.stem}.o")
        subprocess.run(compiler.compile_args(source, units[-1]), check=True, capture_output=True)
    subprocess.run(compiler.link_program_args(binary, units), check=True)
    done = subprocess.run([*emulator, str(binary)], check=True, capture_output=True, text=True)
    counts = [int(n) for n in re.findall(r"^region (\d+)", done.stderr, re.MULTILINE)]
    if len(counts) != len(program.calls):
        raise RuntimeError(f"{len(counts)} counts of {len(program.calls)} calls")
    return counts
