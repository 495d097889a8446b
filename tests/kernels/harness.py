"""Runs candidates of kernel families on the build host: rendered, compiled with gcc, called through ctypes."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from mgecc import ops
from mgecc.graph import DType, Node, TensorType, Value
from mgecc.kernels import Call, Candidate, Const, Kernel, Workspace, candidates
from mgecc.kernels.layout import from_blocked, to_blocked
from mgecc.targets import Target, load_target
from native import entries

Memory = dict[Value | Workspace, np.ndarray]


def _cpu_flags() -> set[str]:
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8") if info.exists() else ""
    return set(next((x for x in text.splitlines() if x.startswith("flags")), "").split())


@cache
def host_targets() -> tuple[Target, ...]:
    """What this machine runs natively: plain C, and x86 levels as far as the processor goes."""
    needed = {
        "v2": {"sse4_1"},
        "v3": {"avx2", "fma", "f16c"},
        "v4": {"avx512f", "avx512dq", "avx512bw", "avx512vl"},
    }
    levels = [load_target("x86_64", cpu) for cpu, flags in needed.items() if flags <= _cpu_flags()]
    return (load_target("baremetal"), *levels)


def host_names() -> list[str]:
    """Test ids of ``host_targets``."""
    return [t.isa for t in host_targets()]


def value(
    name: str, shape: Sequence[int], dtype: str | DType = "float32", const: np.ndarray | None = None
) -> Value:
    """A plain value for a test's node."""
    kind = DType(dtype) if isinstance(dtype, str) else dtype
    return Value(name, TensorType(tuple(shape), kind), const=const)


def node(op: str, inputs: Sequence[Value], **attrs: object) -> Node:
    """A node with its result types inferred."""
    made = Node(op, "test", ops.attributes_of(op, attrs), list(inputs), origin="test")
    made.outputs = [Value(f"y{k}", t, made) for k, t in enumerate(ops.infer(made))]
    return made


def _args(call: Call) -> ctypes.Array:
    words = b"".join(
        struct.pack("<f" if ctype == "float" else "<i", number)
        for (_, ctype), number in zip(call.kernel.fields, call.scalar_args, strict=True)
    )
    return ctypes.create_string_buffer(words, max(len(words), 4))


def _pointer(operand: object, memory: Memory, alive: list[np.ndarray]) -> int | None:
    if operand is None:
        return None
    if isinstance(operand, Const):
        array = np.ascontiguousarray(operand.pack())
    elif isinstance(operand, Workspace):
        # Calls of one node may hand data on in it.
        array = memory.setdefault(operand, np.full(operand.nbytes, 0xA5, np.uint8))
    else:
        assert isinstance(operand, Value)
        if operand.const is not None and operand not in memory:
            memory[operand] = np.ascontiguousarray(operand.const)
        array = memory[operand]
    alive.append(array)
    return array.ctypes.data


def _execute(calls: Sequence[Call], target: Target, memory: Memory, beside: Sequence[Kernel]) -> None:
    if not calls:
        return
    functions = entries([c.kernel for c in calls], target, lambda: beside)
    for call, function in zip(calls, functions):
        assert len(call.operands) == len(call.kernel.operands)
        alive: list[np.ndarray] = []
        pointers = [_pointer(o, memory, alive) for o in call.operands]
        table = (ctypes.c_void_p * max(len(pointers), 1))(*pointers)
        args = _args(call)
        function(ctypes.addressof(table), ctypes.addressof(args))


_GUARD = 256  # bytes before and after every result that no kernel may touch


def _guarded(kind: TensorType) -> tuple[np.ndarray, np.ndarray]:
    raw = np.full(kind.nbytes + 2 * _GUARD, 0xA5, np.uint8)
    return raw, raw[_GUARD : _GUARD + kind.nbytes].view(kind.dtype.numpy).reshape(kind.stored_shape)


def lay_out(tested: Node, candidate: Candidate) -> None:
    """Give the node's values the layouts that the candidate wants."""
    for v, block in zip((*tested.inputs, *tested.outputs), (*candidate.in_blocks, *candidate.out_blocks)):
        v.type = v.type.with_block(1 if v.is_const else block)


def kernels_of(tested: Node, candidate: Candidate) -> list[Kernel]:
    """What the candidate calls."""
    lay_out(tested, candidate)
    return [call.kernel for call in candidate.build(tested)]


def run_candidate(
    tested: Node,
    target: Target,
    candidate: Candidate,
    inputs: Sequence[np.ndarray],
    beside: Sequence[Kernel] = (),
) -> list[np.ndarray]:
    """Results, in plain layout, of the candidate for plain inputs (given for constants too).

    ``beside``: kernels to compile along, so that many candidates share one library.
    Checks that padding lanes of blocked results are finite, if the inputs are, and that nothing around the results was
    written.
    """
    lay_out(tested, candidate)
    memory: Memory = {
        v: to_blocked(np.array(x, order="C"), v.type.block)  # a copy, as results may lie in it
        for v, x in zip(tested.inputs, inputs)
        if not v.is_const
    }
    guards = []
    for v in tested.outputs:
        raw, memory[v] = _guarded(v.type)
        guards.append(raw)
    for place in candidate.aliases:
        _view(place.inner, place.outer, place.offset, memory)
    _execute(candidate.build(tested), target, memory, beside)
    for raw in guards:
        assert (raw[:_GUARD] == 0xA5).all() and (raw[-_GUARD:] == 0xA5).all(), "wrote outside a result"
    usual = all(x.dtype.kind != "f" or np.isfinite(x).all() for x in inputs)
    return [_plain(v, memory[v], usual) for v in tested.outputs]


def _view(inner: Value, outer: Value, offset: int, memory: Memory) -> None:
    """A result that lies inside an input's memory (or an input inside a result's)."""
    count = inner.type.nbytes
    if inner.producer is not None and outer.producer is not inner.producer:
        raw = memory[outer].reshape(-1).view(np.uint8)[offset : offset + count]
        memory[inner] = raw.view(inner.type.dtype.numpy).reshape(inner.type.stored_shape)
    else:
        raw = memory[outer].reshape(-1).view(np.uint8)
        raw[offset : offset + count] = memory[inner].reshape(-1).view(np.uint8)


def _plain(v: Value, stored: np.ndarray, usual: bool) -> np.ndarray:
    block = v.type.block
    if block == 1:
        return stored
    if v.type.dtype.is_float and usual:
        lanes = from_blocked(stored, block, stored.shape[1] * block)[:, v.shape[1] :]
        assert np.isfinite(lanes).all(), "padding lanes must stay finite"
    return from_blocked(stored, block, v.shape[1])


def all_candidates(tested: Node, target: Target) -> list[Candidate]:
    found = candidates(tested, target)
    assert found, f"no candidate for {tested}"
    return found


def fresh(node: Node) -> Node:
    """The node again, all its values in plain layout."""
    copy = Node(node.op, node.name, node.attrs, [_copied(v) for v in node.inputs], origin=node.origin)
    copy.outputs = [Value("y", t, copy) for t in ops.infer(copy)]
    return copy


def _copied(v: Value) -> Value:
    copy = value(v.name, v.shape, v.type.dtype, v.const)
    copy.producer = v.producer
    return copy
