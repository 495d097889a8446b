"""Damaged model files compile or get a report; never does another exception leave the compiler."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from mge_files import MgeFile
from mgecc import ops
from mgecc.compiler import compile_model
from mgecc.config import InputConfig, ModelConfig
from mgecc.errors import InputError
from mgecc.graph import DType, Node, TensorType, Unsupported, Value
from mgecc.ops.index_items import IndexAttrs, flags
from mgecc.toolrun.products import compile_products
from mutants import damage

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
SMALL = sorted(path for path in CORPUS.glob("*.mge") if path.stat().st_size < 9000)


@pytest.mark.parametrize("seed", range(8))
def test_damaged_files_compile_or_get_a_report(seed: int, tmp_path: Path) -> None:
    rng, path, reports = random.Random(seed), tmp_path / "damaged.mge", 0
    for _ in range(120):
        data = bytearray(rng.choice(SMALL).read_bytes())
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            damage(data, rng)
        path.write_bytes(data)
        try:
            compile_products(ModelConfig(path, "damaged", path), "x86_64")
        except InputError as error:
            reports += 1
            assert str(error).strip() and "Traceback" not in str(error)
    assert 20 < reports < 120


def test_a_zero_byte_in_any_name_is_escaped(tmp_path: Path) -> None:
    m = MgeFile()
    x = m.input("da\0ta", 2, 3)
    y = m.record("Elemwise", [x], "\0", mode="RELU")
    z = m.record("Elemwise", [y, m.constant(np.ones(3, np.float32), "one\0")], "re\0sult", mode="ADD")
    path = tmp_path / "zeros.mge"
    path.write_bytes(m.bytes(z))
    made = compile_model(ModelConfig(path, "zeros", path), "x86_64")
    assert b"\0da\\x00ta\0" in made.files["zeros.blob"]
    assert b"\0re\\x00sult\0" in made.files["zeros.blob"]


@pytest.mark.parametrize("position", [5, -6, 1 << 19])
@pytest.mark.parametrize("op", ["Subtensor", "IndexingMultiAxisVec", "MeshIndexing"])
def test_a_constant_index_beyond_the_data_is_refused(op: str, position: int) -> None:
    x = Value("x", TensorType((5, 3), DType("float32")))
    index = Value("i", TensorType((1,), DType("int32")), const=np.array([position], np.int32))
    node = Node(op, "n", IndexAttrs((flags(0, index=True),)), [x, index])
    with pytest.raises(Unsupported, match="do not fit an axis of 5"):
        ops.infer(node)


def test_tensors_beyond_the_reach_of_32_bits_are_refused(tmp_path: Path) -> None:
    path = CORPUS / "subtensor.mge"
    huge = {"x": InputConfig(shape=(3, 5, 3212836864))}
    with pytest.raises(InputError, match="larger than 2 GiB"):
        compile_products(ModelConfig(path, "huge", path, inputs=huge), "x86_64")
