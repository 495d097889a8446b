"""Several sets of input shapes in one library: each gives what the NumPy meanings give at that size."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mgecc import cli
from mgecc.compiler import compile_model
from mgecc.config import ModelConfig, Verify, load_config, save_cases
from mgecc.errors import InputError
from mgecc.graph import CompileError, Unsupported
from mgecc.interpret import run
from mgecc.lowering import load_graph, survey
from mgecc.targets import load_target
from mgecc.toolrun.session import Session, compile_and_build, prepare
from mgecc.toolrun.summary import summarize
from mgecc.toolrun.tensors import Interface, Tensor, fitting
from mgecc.toolrun.verify import verify

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
TARGETS = ("x86_64", "arm64", "armv7", "baremetal", "arm64v7")
SETS = {
    "net_mobilenet": ((1, 3, 32, 32), (1, 3, 48, 40), (2, 3, 32, 32)),
    "net_detector": ((1, 3, 32, 32), (1, 3, 64, 48)),
    "net_unet": ((1, 1, 32, 32), (1, 1, 48, 64)),
}
LIMITS = Verify(max_abs_of_peak=1e-4)


def config(name: str, *shapes: tuple[int, ...]) -> ModelConfig:
    path = CORPUS / f"{name}.mge"
    return ModelConfig(path, name, path, input_shapes=tuple({"data": shape} for shape in shapes))


def recorded(one: ModelConfig) -> dict[str, np.ndarray]:
    """An input of the shape that a configuration gives, and the outputs that belong to it."""
    (data,) = load_graph(one).inputs
    array = np.random.default_rng(len(data.shape)).standard_normal(data.shape).astype(np.float32)
    outputs = run(load_graph(one), {data.name: array})
    return {"in.data": array} | {f"out.{k}": output for k, output in enumerate(outputs)}


def check(session: Session, arrays: dict[str, np.ndarray]) -> None:
    for errors in verify(session, arrays, arrays, LIMITS).values():
        assert errors and all(error.ok for error in errors), errors


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", sorted(SETS))
def test_every_set_gives_the_outputs_of_its_size(name: str, target: str, tmp_path: Path) -> None:
    several = config(name, *SETS[name])
    libraries = compile_and_build(several, load_target(target), "zig", tmp_path / "products")
    session = prepare(libraries, "zig", tmp_path / "runner")
    for number, one in enumerate(several.shape_sets):
        arrays = recorded(one)
        assert session.fitting(arrays).shape_set == number
        check(session, arrays)


def test_sets_share_weights_and_kernels() -> None:
    name = "net_mobilenet"
    sets = SETS[name][:2]
    both = compile_model(config(name, *sets), "arm64").files
    alone = [compile_model(config(name, shape), "arm64").files for shape in sets]
    sizes = [len(files[f"{name}.blob"]) for files in alone]
    report = json.loads(both["report.json"])
    assert len(both[f"{name}.blob"]) < 0.7 * sum(sizes)
    text = both[f"{name}_kernels.c"].decode()
    used = {row["kernel"] for files in alone for row in json.loads(files["report.json"])["kernels"]}
    assert {row["kernel"] for row in report["kernels"]} == used
    assert text.count("MG_KERNEL void mgk_") == len(used)
    assert [rows["inputs"][0]["shape"] for rows in report["shape_sets"]] == [list(shape) for shape in sets]
    assert report["arena"] == max(rows["arena"] for rows in report["shape_sets"])


_MAIN = """
#include "net_mobilenet.h"
static MGECC_ALIGNED unsigned char arena[NET_MOBILENET_ARENA_SIZE];
int main(void)
{
    static const int32_t small[4] = NET_MOBILENET_SHAPES_1X3X32X32_INPUT_DATA_SHAPE, large[4] = {1, 3, 48, 40};
    static const int32_t other[4] = {1, 3, 48, 41};
    mgecc_model a, b;
    mgecc_tensor info;
    size_t least = NET_MOBILENET_SHAPES_1X3X32X32_ARENA_SIZE;
    if (net_mobilenet_open_for(&a, small, arena, least) != MGECC_OK) return 1;
    if (net_mobilenet_open_for(&b, large, arena, least) != MGECC_E_ARENA) return 2;
    if (net_mobilenet_open_for(&b, other, arena, sizeof arena) != MGECC_E_ARGUMENT) return 3;
    if (net_mobilenet_run(&b) != MGECC_E_ARGUMENT) return 4;
    if (net_mobilenet_open_shapes(&b, NET_MOBILENET_SHAPES_1X3X48X40, arena, sizeof arena) != MGECC_OK) return 5;
    if (mgecc_input_info(&b, 0, &info) != MGECC_OK || info.dims[2] != 48 || info.dims[3] != 40) return 6;
    if (info.bytes != NET_MOBILENET_SHAPES_1X3X48X40_INPUT_DATA_BYTES) return 7;
    if (net_mobilenet_open_shapes(&b, 2, arena, sizeof arena) != MGECC_E_ARGUMENT) return 8;
    if (net_mobilenet_open(&b, arena, sizeof arena) != MGECC_OK) return 9;
    if (mgecc_input_info(&b, 0, &info) != MGECC_OK || info.dims[2] != 32) return 10;
    return 0;
}
"""


@pytest.mark.parametrize("language", ["c", "c++"])
def test_the_header_opens_by_sizes_of_axes(language: str, tmp_path: Path) -> None:
    target = load_target("x86_64")
    (library,) = compile_and_build(
        config("net_mobilenet", *SETS["net_mobilenet"][:2]), target, "zig", tmp_path
    )
    source = tmp_path / f"main.{'c' if language == 'c' else 'cc'}"
    source.write_text(_MAIN)
    include = Path(__file__).parents[2] / "runtime" / "include"
    standard = ["-std=c99"] if language == "c" else []
    flags = [*standard, "-Wall", "-Wextra", "-Werror", "-pedantic", f"-I{include}", f"-I{library.folder}"]
    compiler = "gcc" if language == "c" else "g++"
    subprocess.run([compiler, *flags, source, library.archive, "-o", tmp_path / "main"], check=True)
    assert subprocess.run([tmp_path / "main"], check=False).returncode == 0


def test_verify_picks_the_set_of_the_recorded_inputs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, large, _ = SETS["net_mobilenet"]
    (tmp_path / "net.mge").write_bytes((CORPUS / "net_mobilenet.mge").read_bytes())
    path = tmp_path / "model.yaml"
    shapes = f"- data: {list(small)}\n- data: {list(large)}\n"
    path.write_text(f"model: net.mge\nname: net\ninput_shapes:\n{shapes}")
    cases = tmp_path / "cases.npz"
    save_cases(cases, recorded(load_config(path).shape_sets[1]))
    given = ["--inputs", str(cases), "--expected", str(cases)]
    assert cli.main(["verify", str(path), "--target", "x86_64", *given]) == 0
    save_cases(cases, recorded(config("net_mobilenet", (1, 3, 40, 40)).shape_sets[0]))
    assert cli.main(["verify", str(path), "--target", "x86_64", *given]) == 2
    said = capsys.readouterr().err
    assert "no set of input shapes fits" in said and str(list(small)) in said and str(list(large)) in said


def test_problems_that_depend_on_the_set_name_it() -> None:
    with pytest.raises(CompileError) as caught:
        compile_model(config("net_mobilenet", (1, 3, 32, 32), (1, 4, 32, 32)), "arm64")
    lines = [line for line in str(caught.value).splitlines() if not line.startswith(" ")]
    assert lines == ["net_mobilenet.mge with data [1, 4, 32, 32]: 1 problem"]


def test_problems_of_all_sets_are_told_once() -> None:
    path = CORPUS / "random_numbers.mge"
    (name, *_) = [value.name for value in survey(ModelConfig(path, "random", path))[0].inputs]
    sets = ({name: (2, 3)}, {name: (2, 4)})
    with pytest.raises(CompileError) as caught:
        compile_model(ModelConfig(path, "random", path, input_shapes=sets), "arm64")
    assert str(caught.value).startswith("random_numbers.mge: 2 problems")


def test_sets_must_differ() -> None:
    with pytest.raises(Unsupported, match="two sets of input shapes are the same"):
        compile_model(config("net_mobilenet", (1, 3, 32, 32), (1, 3, 32, 32)), "arm64")


def test_a_set_changes_only_the_shapes_it_names() -> None:
    given = config("net_mobilenet", (1, 3, 32, 32))
    one = replace(given, input_shapes=({"b": (2,)}, {"a": (3,), "b": (4,)})).shape_sets
    assert [{name: spec.shape for name, spec in c.inputs.items()} for c in one] == [
        {"b": (2,)},
        {"a": (3,), "b": (4,)},
    ]


def interface(*shape: int) -> Interface:
    from mgecc.graph.types import FLOAT32

    return Interface((Tensor("x", shape, FLOAT32),), (), 0, 0)


def test_inputs_of_one_case_go_before_stacked_and_batched_ones() -> None:
    sets = [interface(1, 4), interface(2, 4), interface(3)]
    chosen = [fitting({"in.x": np.zeros(s, np.float32)}, sets) for s in [(2, 4), (5, 2, 4), (7, 3), (4, 4)]]
    assert chosen == [1, 1, 2, 0]
    with pytest.raises(InputError, match="no set of input shapes fits"):
        fitting({"in.x": np.zeros((2, 5), np.float32)}, sets)


def test_the_summary_of_a_build_lists_the_sets(tmp_path: Path) -> None:
    small, large, _ = SETS["net_mobilenet"]
    files = compile_model(config("net_mobilenet", small, large), "arm64v7").files
    (tmp_path / "report.json").write_bytes(files["report.json"])
    said = summarize("arm64v7", "net", str(tmp_path), {"arm64": [], "armv7": []})
    lines = [line.partition(": arena ")[0].strip() for line in said.splitlines() if "shapes  " in line]
    assert lines == ["shapes   data 1x3x32x32", "shapes   data 1x3x48x40"]
    assert said.count("of them for this kernel set alone") == 2
