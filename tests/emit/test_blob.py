"""Blobs follow docs/blob-format.md, share weights, and keep their program when only weights change."""

import re
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from mgecc import emit
from mgecc.emit import blob as blob_module
from mgecc.graph import DType, TensorType
from mgecc.kernels import Kernel
from mgecc.planner import IOTensor, Program, ProgramCall, Ref
from mgecc.targets import load_target
from read_blob import read_blob
from tiny_program import AFFINE, COPY, tiny_program, weights

DOC = Path(__file__).resolve().parents[2] / "docs" / "blob-format.md"
X86 = load_target("x86_64")
PAIR = TensorType((2,), DType("float32"))


def example() -> Program:
    kernel = Kernel("scale", "none", tuple((n, "") for n in "xwy"), (("n", "int32_t"), ("gain", "float")))
    refs = (Ref("arena", 0), Ref("weights", 0), Ref("arena", 64))
    x, y = IOTensor("x", PAIR, refs[0]), IOTensor("y", PAIR, refs[2])
    call = ProgramCall(kernel, refs, (2, 0.5), "layer")
    return Program("two", "x86_64", (x,), (y,), (call,), struct.pack("<2f", 1.0, 2.0), 72, 16)


def documented() -> bytes:
    dump = DOC.read_text().split("## Example")[1].split("```")[1]
    return bytes.fromhex("".join(re.findall(r"^[0-9a-f]{4}: ((?:[0-9a-f]{2} ?)+)$", dump, re.MULTILINE)))


def test_the_documented_example_is_what_is_written(monkeypatch) -> None:
    monkeypatch.setattr(blob_module, "kernel_digest", lambda kernel, target: bytes.fromhex("12345678"))
    assert emit.write_blob([example()], [X86]) == documented()


def test_the_documented_example_reads_as_described() -> None:
    (found,) = read_blob(documented())
    x = {
        "name": "x",
        "ref": ("arena", 0),
        "bytes": 8,
        "dtype": "float32",
        "shape": (2,),
        "scale": 0.0,
        "zero": 0,
    }
    assert found["inputs"] == [x]
    assert found["outputs"] == [x | {"name": "y", "ref": ("arena", 64)}]
    assert found["calls"] == [(0, [("arena", 0), ("weights", 0), ("arena", 64)], struct.pack("<if", 2, 0.5))]
    assert (found["name"], found["arena"], found["kernels"]) == ("two", 72, ["12345678"])
    assert struct.unpack("<2f", found["weights"]) == (1.0, 2.0)


def test_all_of_a_program_is_written() -> None:
    program = tiny_program()
    (found,) = read_blob(emit.write_blob([program], [X86]))
    fixed = found["outputs"][1]
    assert [t["name"] for t in found["inputs"]] == ["first.input:0", "ints"]
    assert (fixed["dtype"], fixed["shape"], fixed["scale"], fixed["zero"]) == ("qint8", (1, 4), 0.25, 3)
    assert [call[0] for call in found["calls"]] == [0, 1, 1] and found["calls"][1][1][0] is None
    assert found["kernels"] == [emit.kernel_symbol(k, X86)[-8:] for k in (AFFINE, COPY)]
    assert found["weights"] == weights() and found["fingerprint"] == emit.fingerprint(program, X86)


def test_new_weights_change_nothing_but_the_weights() -> None:
    old, new = (read_blob(emit.write_blob([tiny_program(seed)], [X86]))[0] for seed in (1, 2))
    assert old["section"] == new["section"] and old["weights"] != new["weights"]
    assert emit.kernels_c(tiny_program(1), X86) == emit.kernels_c(tiny_program(2), X86)


def test_equal_weights_are_stored_once_and_others_one_after_the_other() -> None:
    targets = [load_target("arm64"), load_target("armv7")]
    shared = read_blob(emit.write_blob([tiny_program(1), tiny_program(1)], targets))
    apart = read_blob(emit.write_blob([tiny_program(1), tiny_program(2)], targets))
    assert shared[0]["weights_at"] == shared[1]["weights_at"]
    assert [p["weights"] for p in apart] == [weights(1), weights(2)]
    assert [p["fingerprint"] for p in shared] == [p["fingerprint"] for p in apart]
    assert shared[0]["fingerprint"] != shared[1]["fingerprint"]
    assert shared[0]["section"] == read_blob(emit.write_blob([tiny_program(1)], targets[:1]))[0]["section"]


def test_the_fingerprint_depends_on_calls_and_on_the_machine() -> None:
    program = tiny_program()
    fewer = replace(program, calls=(program.calls[0], program.calls[2]))
    prints = [emit.fingerprint(p, t) for p in (program, fewer) for t in (X86, load_target("x86_64", "v2"))]
    assert len(set(prints)) == 4 and max(prints) < 1 << 128


def call_with(**changes) -> Program:
    return replace(tiny_program(), calls=(replace(tiny_program().calls[2], **changes),))


MANY = Kernel("many", "none", tuple((f"x{i}", "") for i in range(33)))


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (call_with(args=(1 << 31,)), "copy: numbers"),
        (call_with(args=()), "copy: numbers"),
        (call_with(operands=(None,)), "copy: 1 operands"),
        (call_with(operands=(Ref("arena", 217), None)), "lies outside its 216 bytes"),
        (call_with(kernel=MANY, operands=(None,) * 33, args=()), "at most 32 fit"),
        (replace(tiny_program(), arena=1 << 30), "arena of 1073741824 bytes"),
        (replace(tiny_program(), arena=100), "lies outside its 100 bytes"),
        (replace(tiny_program(), name="a\0b"), "zero character"),
    ],
)
def test_what_does_not_fit_is_an_error(program: Program, why: str, monkeypatch) -> None:
    monkeypatch.setattr(blob_module, "kernel_digest", lambda kernel, target: bytes(4))
    with pytest.raises(emit.EmitError, match=re.escape(why)):
        emit.write_blob([program], [X86])
