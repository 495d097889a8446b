"""Integers of 64 bits, and unsigned ones of 32, are such for the application, and 32 bits for kernels."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mgecc import interpret
from mgecc.compiler import compile_model
from mgecc.config import InputConfig, ModelConfig
from mgecc.errors import InputError
from mgecc.frontends.onnx.dtypes import dtype_of
from mgecc.targets import load_target
from mgecc.toolrun.session import compile_and_build, prepare, run_cases
from mgecc.toolrun.sources import include_folder
from mgecc.toolrun.tensors import input_cases, input_stacks, output_arrays
from networks import survey, tensor
from onnx import TensorProto, helper, numpy_helper

WEIGHTS = np.arange(30, dtype=np.float32).reshape(10, 3)
LARGE = np.array([1 << 40, -5])


def tokens() -> bytes:
    """Rows by number, the larger of two numbers, a known result beyond 32 bits, and unsigned numbers."""
    nodes = [
        helper.make_node("Gather", ["w", "ids"], ["rows"]),
        helper.make_node("Max", ["ids", "three"], ["most"]),
        helper.make_node("Identity", ["large"], ["known"]),
        helper.make_node("BitwiseAnd", ["u", "seven"], ["low"]),
    ]
    kinds = {"ids": TensorProto.INT64, "u": TensorProto.UINT32}
    given = [tensor(name, shape, kinds[name]) for name, shape in (("ids", [1, 4]), ("u", [3]))]
    results = {"rows": TensorProto.FLOAT, "most": TensorProto.INT64, "known": TensorProto.INT64}
    made = [tensor(name, None, kind) for name, kind in (results | {"low": TensorProto.UINT32}).items()]
    constants = {"w": WEIGHTS, "three": np.array(3), "large": LARGE, "seven": np.full(3, 7, np.uint32)}
    stored = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    return file_of(helper.make_graph(nodes, "net", given, made, stored))


def file_of(graph: Any) -> bytes:
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)], ir_version=10)
    return bytes(made.SerializeToString())


IDS, U = np.array([[0, 9, 3, -1]]), np.array([5, 9, 255], np.uint32)
EXPECTED = [WEIGHTS[IDS], np.maximum(IDS, 3), LARGE, U & 7]


def config(folder: Path, **more: Any) -> ModelConfig:
    path = folder / "net.onnx"
    path.write_bytes(tokens())
    return ModelConfig(path, "net", path, **more)


def same(found: list[np.ndarray]) -> None:
    assert [x.dtype for x in found] == [x.dtype for x in EXPECTED]
    for ours, theirs in zip(found, EXPECTED, strict=True):
        np.testing.assert_array_equal(ours.reshape(theirs.shape), theirs)


def test_the_meaning_takes_and_gives_the_types_of_the_file() -> None:
    graph, problems = survey(tokens())
    assert problems == []
    same(interpret.run(graph, {"ids": IDS, "u": U}))
    for wrong in ({"ids": IDS + (1 << 32), "u": U}, {"ids": IDS, "u": U + np.uint32(1 << 31)}):
        with pytest.raises(
            interpret.InterpretError, match="so that all fits 32 bits, its integers may lie from"
        ):
            interpret.run(graph, wrong)


def test_a_library_takes_and_gives_the_types_of_the_file(tmp_path: Path) -> None:
    libraries = compile_and_build(config(tmp_path), load_target("x86_64"), "zig", tmp_path / "products")
    session = prepare(libraries, "zig", tmp_path)
    outputs, _ = run_cases(
        session, session.runners[0], input_cases({"in.ids": IDS, "in.u": U}, session.interface)
    )
    same([x[0] for x in output_arrays(outputs, session.interface)])
    with pytest.raises(InputError, match="in.ids holds 4294967296, and so that all fits 32 bits"):
        input_stacks({"in.ids": IDS + (1 << 32), "in.u": U}, session.interface)


def test_a_run_refuses_integers_beyond_32_bits(tmp_path: Path) -> None:
    products = tmp_path / "products"
    library = compile_and_build(config(tmp_path), load_target("x86_64"), "zig", products)[0]
    (tmp_path / "main.c").write_text(
        """#include <stdio.h>
#include "net.h"
static MGECC_ALIGNED unsigned char arena[NET_ARENA_SIZE];
static int run(int64_t id, uint32_t u) {
    mgecc_model m;
    if (net_open(&m, arena, sizeof arena)) return -1;
    for (int i = 0; i < NET_INPUT_IDS_ELEMENTS; i++) net_input_ids(&m)[i] = 1;
    for (int i = 0; i < NET_INPUT_U_ELEMENTS; i++) net_input_u(&m)[i] = 1;
    net_input_ids(&m)[3] = id;
    net_input_u(&m)[2] = u;
    int status = net_run(&m);
    return status == MGECC_OK ? (int)net_output_most(&m)[3] : -status;
}
int main(void) {
    printf("%d %d %d %d %d %d\\n", run(9, 1), run(INT32_MAX, INT32_MAX) == INT32_MAX, run(2147483648LL, 1),
           run(-2147483649LL, 1), run(-4, 1), run(1, 2147483648u));
    return 0;
}
"""
    )
    subprocess.run(
        ["cc", "-Wall", "-Wextra", "-Wconversion", "-Werror", f"-I{products}", f"-I{include_folder()}",
         "main.c", library.archive, "-lm", "-o", "main"],
        cwd=tmp_path, check=True,
    )  # fmt: skip
    said = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["9", "1", "-11", "-11", "3", "-11"]


def test_an_input_may_be_given_in_fewer_bits(tmp_path: Path) -> None:
    narrow = config(tmp_path, inputs={"ids": InputConfig(dtype="int32"), "u": InputConfig(dtype="uint8")})
    header = compile_model(narrow, "x86_64").files["net.h"].decode()
    assert "int32_t *net_input_ids" in header and "uint8_t *net_input_u" in header
    assert "net_check" not in header and "const int64_t *net_output_most" in header


@pytest.mark.parametrize("paired", [True, False])
def test_memory_across_runs_keeps_32_bits(tmp_path: Path, paired: bool) -> None:
    nodes = [helper.make_node("Min", ["x", "old"], ["new"]), helper.make_node("Max", ["x", "old"], ["y"])]
    given = [tensor(name, [2], TensorProto.INT64) for name in ("x", "old")]
    made = [tensor(name, [2], TensorProto.INT64) for name in ("y", "new")]
    (tmp_path / "net.onnx").write_bytes(file_of(helper.make_graph(nodes, "net", given, made)))
    path = tmp_path / "net.onnx"
    streaming = ModelConfig(path, "net", path, state={"old": "new"} if paired else {})
    program = compile_model(streaming, "baremetal").programs[0]
    assert [t.type.dtype.name for t in (*program.inputs, *program.outputs)] == ["int64"] * (
        2 if paired else 4
    )
    assert [state.type.nbytes for state in program.states] == [8] * paired


@pytest.mark.parametrize(
    "kind", ["BOOL", "INT8", "UINT8", "INT16", "UINT16", "INT32", "INT64", "UINT32", "UINT64"]
)
def test_every_type_of_integers_is_shown_as_itself(kind: str, tmp_path: Path) -> None:
    number = getattr(TensorProto, kind)
    nodes = [helper.make_node("Transpose", ["x"], ["y"], perm=[1, 0])]
    graph = helper.make_graph(nodes, "net", [tensor("x", [2, 3], number)], [tensor("y", [3, 2], number)])
    path = tmp_path / "net.onnx"
    path.write_bytes(file_of(graph))
    program = compile_model(ModelConfig(path, "net", path), "x86_64").programs[0]
    assert [t.type.dtype for t in (*program.inputs, *program.outputs)] == [dtype_of(number)] * 2


def arithmetic(*nodes: Any, kind: int = TensorProto.INT64, **constants: np.ndarray) -> bytes:
    """From 8 integers x and 8 floats f to y."""
    stored = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    given = [tensor("x", [8], kind), tensor("f", [8])]
    return file_of(helper.make_graph(list(nodes), "net", given, [tensor("y", None, kind)], stored))


ONE = np.array(1)
LIMITS = {
    "moves": ([helper.make_node("Reshape", ["x", "s"], ["y"])], {"s": np.array([2, 4])}, 2**31 - 1),
    "sum": ([helper.make_node("Add", ["x", "one"], ["y"])], {"one": ONE}, 2**31 - 2),
    "positions": ([helper.make_node("CumSum", ["x", "zero"], ["y"])], {"zero": np.array(0)}, 2**28 - 1),
    "square": ([helper.make_node("Mul", ["x", "x"], ["y"])], {}, 46339),
    "difference": ([helper.make_node("Sub", ["one", "x"], ["y"])], {"one": ONE}, 2**31 - 3),
    "negative": ([helper.make_node("Neg", ["x"], ["y"])], {}, 2**31 - 2),
    "total": ([helper.make_node("ReduceSum", ["x"], ["y"])], {}, 2**28 - 1),
    "squares": ([helper.make_node("ReduceSumSquare", ["x"], ["y"])], {}, 16382),
}


@pytest.mark.parametrize("name", LIMITS)
def test_inputs_are_as_large_as_everything_fits_32_bits(name: str) -> None:
    nodes, constants, most = LIMITS[name]
    graph, problems = survey(arithmetic(*nodes, **constants))
    assert problems == [] and graph.ranges == {"x": (-most - 1, most)}
    x = np.array([most, -most - 1] * 4)
    exact = {"sum": x + 1, "positions": x.cumsum(), "square": x * x, "difference": 1 - x, "negative": -x}
    found = interpret.run(graph, {"x": x, "f": np.zeros(8, np.float32)})
    np.testing.assert_array_equal(
        found[0].reshape(-1),
        {**exact, "moves": x, "total": x.sum(), "squares": (x * x).sum()}[name].reshape(-1),
    )
    with pytest.raises(interpret.InterpretError, match=f"may lie from {-most - 1} to {most}"):
        interpret.run(graph, {"x": x * 2, "f": np.zeros(8, np.float32)})


def test_what_may_not_fit_whatever_the_inputs_are_is_refused() -> None:
    cast = helper.make_node("Cast", ["f"], ["i"], to=TensorProto.INT64)
    _, (problem,) = survey(arithmetic(cast, helper.make_node("Add", ["i", "x"], ["y"])))
    assert "its results may lie from" in problem and "integers have 32 bits when the model runs" in problem
    clipped = [
        cast,
        helper.make_node("Clip", ["i", "low", "n"], ["m"]),
        helper.make_node("Add", ["m", "x"], ["y"]),
    ]
    graph, problems = survey(arithmetic(*clipped, low=np.array(-9), n=np.array(1000)))
    assert problems == [] and graph.ranges["x"][1] >= 2**29 - 1


def test_integers_of_32_bits_wrap_as_the_file_says() -> None:
    graph, problems = survey(arithmetic(helper.make_node("Mul", ["x", "x"], ["y"]), kind=TensorProto.INT32))
    assert problems == [] and graph.ranges == {}


def test_the_range_holds_for_an_input_that_is_given_in_fewer_bits(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(arithmetic(helper.make_node("Mul", ["x", "x"], ["y"])))
    for dtype, tested in (("int32", "x[i] < -46340 || x[i] > 46339"), ("uint8", "")):
        narrow = ModelConfig(path, "net", path, inputs={"x": InputConfig(dtype=dtype)})
        header = compile_model(narrow, "x86_64").files["net.h"].decode()
        assert tested in header and ("net_check" in header) == bool(tested)
