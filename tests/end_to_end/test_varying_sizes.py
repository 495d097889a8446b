"""Outputs whose size depends on the data carry the number of their valid elements."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mge_files import MgeFile
from mgecc.config import ModelConfig
from mgecc.targets import load_target
from mgecc.toolrun.session import compile_and_build, prepare, run_cases
from mgecc.toolrun.tensors import input_cases, output_arrays

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"


@pytest.mark.parametrize("positive", [0, 7, 20])
def test_the_count_is_right_from_nothing_to_everything(positive: int, tmp_path: Path) -> None:
    path = CORPUS / "cond_take_nonzero.mge"
    libraries = compile_and_build(ModelConfig(path, "net", path), load_target("x86_64"), "zig", tmp_path)
    session = prepare(libraries, "zig", tmp_path / "runner")
    x = np.full(20, -1, np.float32)
    chosen = np.sort(np.random.default_rng(positive).permutation(20)[:positive])
    x[chosen] = np.arange(positive, dtype=np.float32) + 1
    cases = input_cases({"in.x": x.reshape(4, 5)}, session.interface)
    results, _ = run_cases(session, session.runners[0], cases)
    values, places, count = (a[0] for a in output_arrays(results, session.interface))
    assert count.tolist() == [positive]
    assert values.tolist() == x[chosen].tolist() + [0] * (20 - positive)
    assert places.tolist() == chosen.tolist() + [0] * (20 - positive)


def test_header_and_report_say_bound_axis_and_where_the_count_is(tmp_path: Path) -> None:
    path = CORPUS / "nms.mge"
    compile_and_build(ModelConfig(path, "net", path), load_target("x86_64"), "zig", tmp_path)
    header = (tmp_path / "net.h").read_text()
    assert "#define NET_OUTPUT_KEPT_SHAPE {6, 4}" in header
    assert "#define NET_OUTPUT_KEPT_VARYING_AXIS 0" in header
    assert "static inline int32_t net_output_kept_count(const mgecc_model *m)" in header
    outputs = json.loads((tmp_path / "report.json").read_text())["outputs"]
    assert [(row["name"], row.get("extent")) for row in outputs] == [
        ("keep", {"axis": 0, "output": 2}),
        ("kept", {"axis": 0, "output": 2}),
        ("keep.size", None),
    ]


def run_on(target: str, model: bytes, folder: Path, **inputs: np.ndarray) -> list[np.ndarray]:
    """What a model file gives on a target, every output and the counts behind them."""
    path = folder / "net.mge"
    path.write_bytes(model)
    libraries = compile_and_build(ModelConfig(path, "net", path), load_target(target), "zig", folder)
    session = prepare(libraries, "zig", folder / "runner")
    cases = input_cases({f"in.{name}": x for name, x in inputs.items()}, session.interface)
    results, _ = run_cases(session, session.runners[0], cases)
    return [a[0] for a in output_arrays(results, session.interface)]


@pytest.mark.parametrize("target", ["x86_64", "arm64", "armv7", "baremetal"])
def test_shapes_of_varying_data_and_what_is_stretched_to_them(target: str, tmp_path: Path) -> None:
    m = MgeFile()
    x = m.input("x", 4, 5)
    zero = m.constant(np.zeros(1, np.float32))
    mask = m.record("Elemwise", [zero, x], mode="LT")
    taken = m.record("CondTake", [x, mask], outputs=2, mode="EQ", val=1.0)
    shape = m.record("GetVarShapeV1", [taken], "count")
    twice = m.record("Elemwise", [shape, shape], "twice", mode="ADD")
    twos = m.record("Broadcast", [m.constant(np.full(1, 2, np.float32)), shape])
    total = m.record("Elemwise", [taken, twos], "total", mode="ADD")
    three = m.record("Concat", [m.constant(np.full(1, 3, np.int32)), shape], axis=0)
    table = m.record("Broadcast", [m.constant(np.array([[1], [2], [3]], np.float32)), three], "table")
    column = m.record("Concat", [shape, m.constant(np.ones(1, np.int32))], axis=0)
    turned = m.record("ReshapeV1", [taken, column], "turned", axis=7)
    given = np.random.default_rng(3).normal(size=(4, 5)).astype(np.float32)
    positive = given[given > 0]
    model = m.bytes(shape, twice, total, table, turned)
    count, double, values, rows, columns, size = run_on(target, model, tmp_path, x=given)
    assert count.tolist() == size.tolist() == [positive.size]
    assert double.tolist() == [2 * positive.size]
    np.testing.assert_array_equal(values[: positive.size], positive + 2)
    np.testing.assert_array_equal(rows[:, : positive.size], np.outer([1, 2, 3], np.ones(positive.size)))
    np.testing.assert_array_equal(columns[: positive.size, 0], positive)


@pytest.mark.parametrize("target", ["x86_64", "arm64", "armv7", "baremetal"])
def test_what_is_chosen_twice_is_joined(target: str, tmp_path: Path) -> None:
    m = MgeFile()
    x = m.input("x", 4, 5)
    zero = m.constant(np.zeros(1, np.float32))
    masks = [m.record("Elemwise", pair, mode="LT") for pair in ([zero, x], [x, zero])]
    taken = [m.record("CondTake", [x, mask], outputs=2, mode="EQ", val=1.0) for mask in masks]
    joined = m.record("Concat", [taken[0], zero, taken[1]], axis=0)
    given = np.random.default_rng(3).normal(size=(4, 5)).astype(np.float32)
    doubled = m.record("Elemwise", [joined, joined], "y", mode="ADD")
    values, size = run_on(target, m.bytes(doubled), tmp_path, x=given)
    want = np.concatenate([given[given > 0], [0], given[given < 0]]) * 2
    assert size.tolist() == [21]
    np.testing.assert_array_equal(values[:21], want)
