"""Runs candidates of kernels on a target that this machine emulates: one program for many, its commands in a file."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from harness import kernels_of, lay_out
from mgecc.graph import Node, Value
from mgecc.kernels import Call, Candidate, Const, Kernel, Workspace
from mgecc.kernels.layout import from_blocked, to_blocked
from mgecc.kernels.render import header_text
from mgecc.targets import Target, load_target, load_toolchain
from mgecc.toolrun.objects import compile_file
from mgecc.toolrun.runner import Runner, choose_board, link_program, run_program
from mgecc.toolrun.sources import board_script, runner_includes, runner_sources
from native import kernels_text

Way = tuple[Node, Candidate, Sequence[np.ndarray]]
_GUARD = 64  # bytes around every result that no kernel may touch
_END, _LOAD, _FILL, _CALL, _STORE = range(5)
# The level at which Clang and then the emulator take the least time; tests of models compile as libraries are.
LEVEL = os.environ.get("MGECC_KERNELS_LEVEL", "-O1")

_MAIN = """
#include "port.h"
static _Alignas(64) unsigned char memory[MG_MEMORY];
static int32_t words[256];

int mg_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    const int in = mg_port_open("inputs.bin", 0), out = mg_port_open("outputs.bin", 1);
    while (mg_port_read(in, words, 12) == 12 && words[0]) {
        unsigned char *at = memory + words[1];
        const size_t count = (size_t)words[2];
        if (words[0] == 1)
            mg_port_read(in, at, count);
        if (words[0] == 2)
            for (size_t i = 0; i < count; i++)
                at[i] = 0xA5;
        if (words[0] == 4)
            mg_port_write(out, at, count);
        if (words[0] == 3) {
            /* kernel, operands, then both counts, places of operands, arguments */
            void *operands[64];
            const int32_t kernel = words[1];
            mg_port_read(in, words, 4 * count);
            for (int32_t i = 0; i < words[0]; i++)
                operands[i] = words[1 + i] < 0 ? NULL : memory + words[1 + i];
            mg_test_entries[kernel](operands, words + 1 + words[0]);
        }
    }
    mg_port_close(in);
    mg_port_close(out);
    return 0;
}
"""


class _Script:
    """What the program is to do: tensors brought to their places, kernels called, results written."""

    def __init__(self, kernels: Sequence[Kernel]) -> None:
        self.numbers = {kernel: i for i, kernel in enumerate(kernels)}
        self.data, self.most = bytearray(), 0

    def begin(self, candidate: Candidate, node: Node) -> None:
        self.top, self.places = 0, dict[object, int]()
        self.outer = {p.inner: (p.outer, p.offset) for p in candidate.aliases}
        self.results = set(node.outputs)

    def take(self, key: object, count: int, guard: int = 0) -> int:
        at = self.top + guard
        self.top = (at + max(count, 1) + guard + 63) & ~63
        self.most = max(self.most, self.top)
        self.places[key] = at
        return at

    def load(self, key: object, array: np.ndarray, at: int | None = None) -> int:
        at = self.take(key, array.nbytes) if at is None else at
        self.data += struct.pack("<3i", _LOAD, at, array.nbytes) + np.ascontiguousarray(array).tobytes()
        return at

    def room(self, value: Value) -> int:
        """Where a result lies: in memory of its own, or inside an input."""
        if value in self.outer and self.outer[value][0] not in self.results:
            outer, offset = self.outer[value]
            self.places[value] = self.places[outer] + offset
        else:
            at = self.take(value, value.type.nbytes, _GUARD)
            self.data += struct.pack("<3i", _FILL, at - _GUARD, value.type.nbytes + 2 * _GUARD)
        return self.places[value]

    def call(self, call: Call) -> None:
        places = [self._place(o) for o in call.operands]
        kinds = "".join("f" if ctype == "float" else "i" for _, ctype in call.kernel.fields)
        body = struct.pack(f"<{1 + len(places)}i", len(places), *places) + struct.pack(
            "<" + kinds, *call.scalar_args
        )
        assert len(places) <= 64 and len(body) <= 1024
        self.data += struct.pack("<3i", _CALL, self.numbers[call.kernel], len(body) // 4) + body

    def _place(self, operand: object) -> int:
        if operand is None:
            return -1
        if isinstance(operand, Const):
            return self.load(operand, np.ascontiguousarray(operand.pack()))
        if operand not in self.places and isinstance(operand, Workspace):
            return self.take(operand, operand.nbytes)
        if operand not in self.places:
            assert isinstance(operand, Value) and operand.const is not None
            return self.load(operand, operand.const)
        return self.places[operand]

    def store(self, value: Value) -> None:
        self.data += struct.pack("<3i", _STORE, self.places[value] - _GUARD, value.type.nbytes + 2 * _GUARD)


def _write(script: _Script, way: Way) -> None:
    node, candidate, inputs = way
    lay_out(node, candidate)
    script.begin(candidate, node)
    inside = [(v, x) for v, x in zip(node.inputs, inputs) if v in script.outer and not v.is_const]
    for value, array in zip(node.inputs, inputs):
        if not value.is_const and value not in script.outer:
            script.load(value, to_blocked(np.ascontiguousarray(array), value.type.block))
    for value in node.outputs:
        script.room(value)
    for value, array in inside:
        outer, offset = script.outer[value]
        stored = to_blocked(np.ascontiguousarray(array), value.type.block)
        script.places[value] = script.load(value, stored, script.places[outer] + offset)
    for call in candidate.build(node):
        script.call(call)
    for value in node.outputs:
        script.store(value)


def build_program(text: str, memory: int, target: Target, folder: Path) -> Runner:
    """A program with ``mg_main``, C that includes port.h, for a board of the target with so much memory."""
    tools = load_toolchain("zig", target)
    quick = replace(tools, extra=(LEVEL,))
    board = choose_board(target, 0, memory)
    source = folder / "kernels.c"
    source.write_text(text, encoding="utf-8")
    includes = runner_includes(target)
    objects = [
        compile_file(source, folder / "kernels.o", quick, includes, "speed"),
        *(
            compile_file(file, folder / f"{file.stem}.o", tools, includes, "speed")
            for file in runner_sources(target)
        ),
    ]
    script = None
    if board:
        script = folder / "board.ld"
        script.write_text(board_script(board), encoding="utf-8")
    program = folder / "kernels.elf"
    link_program(tools, program, objects, script)
    return Runner(program, target, board)


def _build(kernels: Sequence[Kernel], memory: int, target: Target, folder: Path) -> Runner:
    symbols = ", ".join(kernel.symbol for kernel in kernels)
    text = [
        header_text(target.isa, target.facts),
        kernels_text(kernels, target),
        f"void (*const mg_test_entries[])(void *const *, const int32_t *) = {{ {symbols} }};",
        f"#define MG_MEMORY {memory}",
        _MAIN,
    ]
    return build_program("\n".join(text), memory, target, folder)


def _results(way: Way, output: memoryview) -> tuple[list[np.ndarray], memoryview]:
    found = []
    lay_out(*way[:2])
    for value in way[0].outputs:
        kind, count = value.type, value.type.nbytes
        inside = any(p.inner is value for p in way[1].aliases)
        guards = bytes(output[:_GUARD]) + bytes(output[_GUARD + count : 2 * _GUARD + count])
        assert inside or set(guards) == {0xA5}, f"{way[1].why} wrote outside a result"
        held = np.frombuffer(output[_GUARD : _GUARD + count], kind.dtype.numpy).copy()
        stored = held.reshape(kind.stored_shape)
        found.append(stored if kind.block == 1 else from_blocked(stored, kind.block, value.shape[1]))
        output = output[2 * _GUARD + count :]
    return found, output


def run_emulated(ways: Sequence[Way], target_name: str) -> Iterable[list[np.ndarray]]:
    """Results of each candidate, in plain layout. Raises EmulatorMissing."""
    target = load_target(target_name)
    kernels = list(dict.fromkeys(kernel for node, found, _ in ways for kernel in kernels_of(node, found)))
    script = _Script(kernels)
    for way in ways:
        _write(script, way)
    script.data += struct.pack("<3i", _END, 0, 0)
    with tempfile.TemporaryDirectory(prefix="emulated-") as folder:
        runner = _build(kernels, script.most + 64, target, Path(folder))
        written, _ = run_program(runner, bytes(script.data))
    output = memoryview(written)
    for way in ways:
        found, output = _results(way, output)
        yield found
    assert not output
