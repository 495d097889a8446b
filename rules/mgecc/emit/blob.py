"""Programs to the bytes of a blob; docs/blob-format.md is the specification."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from mgecc.emit.dtypes import DTYPES
from mgecc.emit.naming import kernel_digest
from mgecc.emit.sizes_section import sizes_section
from mgecc.errors import ModelFault
from mgecc.graph.symbolic import at_max_sizes
from mgecc.planner import IOTensor, Program, ProgramCall, Ref, StatePlace
from mgecc.planner.outside import BUFFER_BYTES, MAX_BUFFERS
from mgecc.planner.size_patches import HEAD, SPACES, TENSOR
from mgecc.targets import Target

MAGIC = 0x4243474D
VERSION, VERSION_SIZES, VERSION_BUFFERS = 1, 2, 3
ALIGN = 64
MAX_OPERANDS, MAX_ARGS, MAX_RANK, MAX_KERNELS = 32, 255, 8, 65535
_LIMIT = 1 << 30


class EmitError(ModelFault):
    """A program that does not fit the blob format; ``str`` is one line: what, how large, what the limit is."""

    def about(self, file: str) -> str:
        return f"{file}: the program does not fit the blob format: {self}"


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise EmitError(what)


def _pad(data: bytes, align: int) -> bytes:
    return data + bytes(-len(data) % align)


@dataclass
class _Strings:
    """Names, each ended by a zero byte, equal ones once; offsets count from the program's start."""

    start: int
    data: bytearray = field(default_factory=bytearray)
    at: dict[str, int] = field(default_factory=dict)

    def add(self, text: str) -> int:
        if text not in self.at:
            _require("\0" not in text, f"name {text!r} contains a zero character")
            self.at[text] = self.start + len(self.data)
            self.data += text.encode("utf-8", "replace") + b"\0"
        return self.at[text]


def _ref(ref: Ref | None, program: Program, nbytes: int = 0) -> int:
    if ref is None:
        return 0
    if ref.space == "buffers":
        return _buffer_ref(ref, program)
    limit = program.arena if ref.space == "arena" else len(program.weights)
    offset = at_max_sizes(ref.offset)
    inside = 0 <= offset and offset + nbytes <= limit
    _require(inside, f"{ref} of {nbytes} bytes lies outside its {limit} bytes")
    return SPACES[ref.space] | offset


def _buffer_ref(ref: Ref, program: Program) -> int:
    """A reference into memory of the application's."""
    number, offset = divmod(ref.offset, BUFFER_BYTES)
    tensors = (*program.inputs, *program.outputs)
    why = f"{len(tensors)} inputs and outputs, at most {MAX_BUFFERS} fit where some are buffers of the application's"
    _require(len(tensors) <= MAX_BUFFERS, why)
    tensor = tensors[number]
    fits = tensor.is_outside and offset <= tensor.type.nbytes < BUFFER_BYTES
    _require(fits, f"{tensor.name}: {tensor.type.nbytes} bytes in a buffer, at most {BUFFER_BYTES - 1} fit")
    return SPACES["buffers"] | ref.offset


def _tensor(tensor: IOTensor, program: Program, strings: _Strings) -> bytes:
    dtype, shape = tensor.type.dtype, tuple(map(at_max_sizes, tensor.type.shape))
    nbytes = prod(shape) * dtype.size
    _require(tensor.type.block == 1, f"{tensor.name}: inputs and outputs have the plain layout")
    _require(len(shape) <= MAX_RANK, f"{tensor.name}: {len(shape)} dimensions, at most {MAX_RANK} fit")
    ref = _ref(tensor.ref, program, nbytes)
    if tensor.is_outside:
        number, offset = divmod(tensor.ref.offset, BUFFER_BYTES)
        assert offset == 0 and (*program.inputs, *program.outputs)[number] is tensor
        ref = 0  # the application says where
    code = DTYPES[dtype.name].code
    numbers = (strings.add(tensor.name), ref, nbytes, code, len(shape), dtype.scale or 0.0, dtype.zero_point)
    return struct.pack("<3I2B2xfi8i", *numbers, *shape, *[0] * (MAX_RANK - len(shape)))


def _described(state: StatePlace, program: Program) -> str:
    """The text that makes the fingerprint cover what the reset function writes."""
    nbytes = state.type.nbytes
    at, initial = _ref(state.ref, program, nbytes), _ref(state.initial, program, nbytes)
    return f"state {state.name}: {nbytes} bytes at {at:#x} from {initial:#x}"


def _args(call: ProgramCall) -> bytes:
    kinds = "".join("f" if ctype == "float" else "i" for _, ctype in call.kernel.fields)
    try:
        return struct.pack(f"<{kinds}", *map(at_max_sizes, call.args))
    except (struct.error, OverflowError) as error:
        raise EmitError(
            f"{call.layer}: numbers {call.args} of kernel {call.kernel.symbol}: {error}"
        ) from None


def _call(call: ProgramCall, ids: dict[object, int], program: Program) -> bytes:
    operands, args = len(call.operands), len(call.args)
    _require(
        operands == len(call.kernel.operands), f"{call.layer}: {operands} operands for {call.kernel.symbol}"
    )
    _require(operands <= MAX_OPERANDS, f"{call.layer}: {operands} operands, at most {MAX_OPERANDS} fit")
    _require(args <= MAX_ARGS, f"{call.layer}: {args} numbers, at most {MAX_ARGS} fit")
    head = ids[call.kernel] | operands << 16 | call.continues << 23 | args << 24
    words = [head, *(_ref(ref, program) for ref in call.operands)]
    return struct.pack(f"<{len(words)}I", *words) + _args(call)


def program_section(program: Program, target: Target) -> bytes:
    """The part of the blob that the fingerprint covers; does not depend on the weights' values. Raises EmitError."""
    kernels = program.kernels
    ids: dict[object, int] = {kernel: i for i, kernel in enumerate(kernels)}
    _require(len(kernels) <= MAX_KERNELS, f"{len(kernels)} kernels, at most {MAX_KERNELS} fit")
    _require(program.arena < _LIMIT, f"arena of {program.arena} bytes, at most {_LIMIT - 1} fit")
    _require(
        len(program.weights) < _LIMIT, f"weights of {len(program.weights)} bytes, at most {_LIMIT - 1} fit"
    )
    calls = b"".join(_call(call, ids, program) for call in program.calls)
    digests = b"".join(kernel_digest(kernel, target) for kernel in kernels)
    tensors = (*program.inputs, *program.outputs)
    strings = _Strings(HEAD + TENSOR * len(tensors) + len(digests) + len(calls))
    name = strings.add(program.name)
    for state in program.states:
        strings.add(_described(state, program))
    described = b"".join(_tensor(tensor, program, strings) for tensor in tensors)
    dynamic = sizes_section(program, strings.add) if program.sizes else b""
    texts = _pad(bytes(strings.data), 4)
    at = strings.start + len(texts) if dynamic else 0
    sizes = (program.arena, len(program.weights), strings.start, name)
    counts = (len(program.inputs), len(program.outputs), len(kernels), 0, len(program.calls), at)
    head = struct.pack("<4I4H2I", *sizes, *counts)
    return head + described + digests + calls + texts + dynamic


def fingerprint(program: Program, target: Target) -> int:
    """128 bits that tie a kernel set to its program: the first half of the SHA-256 of the program section."""
    return int.from_bytes(hashlib.sha256(program_section(program, target)).digest()[:16], "big")


def fingerprint_words(value: int) -> list[int]:
    """The four 32-bit words of a fingerprint, most significant first."""
    return [value >> shift & 0xFFFFFFFF for shift in (96, 64, 32, 0)]


def write_blob(programs: Sequence[Program], targets: Sequence[Target]) -> bytes:
    """The blob of one or several programs, each compiled for the target beside it; equal weights are stored once.

    Raises EmitError where a program exceeds the format.
    """
    front = bytearray(32 + 32 * len(programs))
    sections: list[tuple[int, bytes]] = []
    for program, target in zip(programs, targets, strict=True):
        sections.append((len(front), program_section(program, target)))
        front += _pad(sections[-1][1], 16)
    weights: dict[bytes, int] = {}
    pieces, end = [], len(front)
    for program in programs:
        if program.weights not in weights:
            pieces += [bytes(-end % ALIGN), program.weights]
            weights[program.weights] = end + len(pieces[-2])
            end = weights[program.weights] + len(program.weights)
    for i, (program, (at, section)) in enumerate(zip(programs, sections)):
        words = struct.unpack(">4I", hashlib.sha256(section).digest()[:16])
        place = (at, len(section), weights[program.weights], len(program.weights))
        struct.pack_into("<8I", front, 32 + 32 * i, *place, *words)
    return _sealed(front, pieces, (MAGIC, _version(programs), len(programs), end))


def _version(programs: Sequence[Program]) -> int:
    if any(program.is_bound for program in programs):
        return VERSION_BUFFERS
    return VERSION_SIZES if any(program.sizes for program in programs) else VERSION


def _sealed(front: bytearray, pieces: list[bytes], header: tuple[int, int, int, int]) -> bytes:
    """The blob with its header; the checksum covers everything but itself. The weights are copied once."""
    _require(header[-1] < 1 << 32, f"blob of {header[-1]} bytes, at most {(1 << 32) - 1} fit")
    struct.pack_into("<I2HI", front, 0, *header)
    checksum = zlib.crc32(front[16:], zlib.crc32(front[:12]))
    for piece in pieces:
        checksum = zlib.crc32(piece, checksum)
    struct.pack_into("<I", front, 12, checksum)
    return b"".join([front, *pieces])
