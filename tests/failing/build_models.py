"""Writes the models of this folder anew: python tests/failing/build_models.py

Each is as small as its mistake allows. The message that a model gets stands in NAME/message.txt below the command.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "frontends"), str(HERE.parent / "common")]

from mge_writer import MgeFile, dtype_table

CORPUS = HERE.parent / "data" / "mge-corpus"
Build = Callable[[], bytes]
MODELS: dict[str, Build] = {}


def model(build: Build) -> Build:
    MODELS[build.__name__] = build
    return build


@model
def unknown_operator() -> bytes:
    m = MgeFile()
    x = m.input("x", 1, 3, 8, 8)
    return m.bytes(m.record("Softmaxx", [x], "prob"))


@model
def several_things() -> bytes:
    """A training step, random numbers, a reshape that does not fit, forms that no kernel serves: five at once."""
    m = MgeFile()
    x = m.input("x", 2, 6)
    noise = m.record("GaussianRNGV1", [m.constant(np.array([2, 6], np.int32))], "noise", seed=1)
    m.record("Elemwise", [x, noise], "noisy", mode="ADD")
    folded = m.record("ReshapeV1", [x, m.constant(np.array([5, 3], np.int32))], "folded")
    updated = m.record("AddUpdate", [x, x], "update")
    mask = m.input("mask", 2, 6, dtype=dtype_table("qint8", 0.5))
    taken = m.record("CondTake", [x, mask], "taken", 2, mode="LT", val=0.25)
    square = m.input("square", 3, 3, dtype=dtype_table("int32"))
    inverse = m.record("MatrixInverse", [square], "inverse")
    return m.bytes(folded, updated, taken, inverse, noise + 1)


@model
def random_numbers() -> bytes:
    m = MgeFile()
    return m.bytes(m.record("UniformRNGV1", [m.constant(np.array([3], np.int32))], "u", seed=5))


@model
def same_input_twice() -> bytes:
    m = MgeFile()
    return m.bytes(m.record("Elemwise", [m.input("x", 2), m.input("x", 2)], "sum", mode="ADD"))


@model
def shape_from_data() -> bytes:
    m = MgeFile()
    x, shape = m.input("x", 4, 4), m.input("shape", 2, dtype=dtype_table("int32"))
    return m.bytes(m.record("ReshapeV1", [x, shape], "view"))


@model
def size_from_data() -> bytes:
    """Chosen elements cut in parts of fixed sizes, and added to those of another mask, which may be fewer or more."""
    m = MgeFile()
    x, y = m.input("x", 4, 5), m.input("y", 4, 5)
    taken = [m.record("CondTake", [v, v], n, 2, mode="LT", val=0.0) for v, n in ((x, "left"), (y, "right"))]
    size = m.constant(np.full(1, 20, np.int32), "twenty")
    cut = m.record("Split", [taken[0], size], "parts", axis=0)
    return m.bytes(m.record("Elemwise", taken, "total", mode="ADD"), cut)


@model
def stated_shape_differs() -> bytes:
    m = MgeFile()
    total = m.record("Elemwise", [m.input("x", 2, 3), m.input("y", 2, 3)], "total", mode="ADD")
    m.state(total, 2, 4)
    return m.bytes(total)


@model
def channels_differ() -> bytes:
    m = MgeFile()
    x, w = m.input("x", 1, 3, 8, 8), m.constant(np.zeros((4, 5, 3, 3), np.float32), "w")
    return m.bytes(m.record("Convolution", [x, w], "conv1", stride_h=2, stride_w=2, pad_h=1, pad_w=1))


@model
def broadcast_impossible() -> bytes:
    m = MgeFile()
    return m.bytes(m.record("Elemwise", [m.input("x", 2, 3), m.input("y", 4)], "sum", mode="MAX"))


@model
def missing_operand() -> bytes:
    m = MgeFile()
    return m.bytes(m.record("Elemwise", [m.input("x", 2, 3)], "sum", mode="ADD"))


@model
def extern_operator() -> bytes:
    m = MgeFile()
    x = m.input("x", 2, 5)
    return m.bytes(m.foreign("ExternCOprRunner", [x], [b"npu:det", b"\1\2"], [(2, 3), (4,)]))


@model
def custom_operator() -> bytes:
    m = MgeFile()
    return m.bytes(m.foreign("CustomOpNode", [m.input("x", 2, 5)], [b"Swish2", b"\0\0\0\0", b""], [(2, 5)]))


@model
def vendor_engine() -> bytes:
    m = MgeFile()
    return m.bytes(m.foreign("TensorRTRuntimeOpr", [m.input("x", 2, 5)], [b"plan"], [(2, 5)]))


@model
def odd_element_type() -> bytes:
    m = MgeFile()
    x = m.input("x", 4, dtype=dtype_table("intb2"))
    return m.bytes(m.record("Elemwise", [x], "y", mode="RELU"))


@model
def constant_too_large() -> bytes:
    m = MgeFile()
    one, shape = m.constant(np.ones(1, np.float32)), m.constant(np.array([1 << 14, 1 << 14], np.int32))
    return m.bytes(m.record("Broadcast", [one, shape], "ones"))


@model
def constant_takes_too_much_work() -> bytes:
    """A few hundred bytes that ask for 7 10^10 multiply-adds."""
    m = MgeFile()
    one, shape = m.constant(np.ones(1, np.float32)), m.constant(np.array([4096, 4096], np.int32))
    ones = m.record("Broadcast", [one, shape], "ones")
    return m.bytes(
        m.record("MatrixMulV2", [m.input("x", 1, 4096), m.record("MatrixMulV2", [ones, ones], "square")])
    )


@model
def truncated() -> bytes:
    return (CORPUS / "conv2d.mge").read_bytes()[:1000]


@model
def damaged() -> bytes:
    data = bytearray((CORPUS / "conv2d.mge").read_bytes())
    data[4:8] = b"\xff\xff\xff\x7f"
    return bytes(data)


@model
def application_package() -> bytes:
    return bytes(4) + b"mgf00001" + bytes(64)


@model
def not_a_model() -> bytes:
    return b"PK\3\4" + bytes(200)


@model
def declared_sizes() -> bytes:
    """Of declared sizes: a flattening to a stated shape, halves and quarters that must fit, a window that must."""
    m = MgeFile()
    x = m.input("x", 2, 3, 16, 16)
    flat = m.record("ReshapeV1", [x, m.constant(np.array([2, 768], np.int32))], "flat")
    half, quarter = (m.record("PoolingV1", [x], f"by{k}", **_window(k)) for k in (2, 4))
    big = m.record("PoolingV1", [quarter], "by16", **_window(4))
    joined = m.record(
        "Elemwise", [half, m.record("PoolingV1", [quarter], "again", **_window(1))], "joined", mode="ADD"
    )
    return m.bytes(flat, big, joined)


def _window(k: int) -> dict[str, int]:
    return {"window_h": k, "window_w": k, "stride_h": k, "stride_w": k, "mode": "MAX"}


@model
def declared_sizes_unknown() -> bytes:
    m = MgeFile()
    return m.bytes(m.record("Elemwise", [m.input("x", 1, 4)], "y", mode="RELU"))


def main() -> None:
    for name, build in MODELS.items():
        (HERE / name).mkdir(exist_ok=True)
        (HERE / name / "model.mge").write_bytes(build())


if __name__ == "__main__":
    main()
