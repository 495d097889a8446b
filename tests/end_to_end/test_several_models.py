"""Several models of one MegCC configuration become one library with one set of kernels."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mgecc import cli
from mgecc.config import InputConfig, ModelConfig, Verify
from mgecc.interpret import run
from mgecc.lowering import load_graph
from mgecc.targets import load_target
from mgecc.toolrun.library import find_libraries
from mgecc.toolrun.session import prepare
from mgecc.toolrun.verify import verify

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
MODELS = ("softmax", "conv2d")


def written(folder: Path, *models: dict[str, Any], **more: Any) -> Path:
    for model in models:
        shutil.copy(CORPUS / model["model_path"], folder)
    path = folder / "pair.json"
    path.write_text(json.dumps({"models": list(models), **more}))
    return path


def entry(name: str, **more: Any) -> dict[str, Any]:
    return {"model_name": f"m_{name}", "model_path": f"{name}.mge", **more}


def recorded(model: str) -> dict[str, np.ndarray]:
    with np.load(CORPUS / f"{model}.npz") as arrays:
        return {key: arrays[key] for key in arrays.files}


@pytest.mark.parametrize("target", ["x86_64", "arm64", "arm64v7"])
def test_every_model_of_a_library_gives_the_recorded_outputs(target: str, tmp_path: Path) -> None:
    path = written(tmp_path, *map(entry, MODELS), dump_dir="out")
    assert cli.main(["compile", "--json", str(path), "--target", target]) == 0
    for name in MODELS:
        libraries = [
            replace(lib, name=f"m_{name}")
            for lib in find_libraries(tmp_path / "out", "pair", load_target(target))
        ]
        assert all(library.archive.name == "libpair.a" for library in libraries)
        session = prepare(libraries, "zig", tmp_path / name)
        results = verify(session, recorded(name), recorded(name), Verify(rtol=1e-4, atol=1e-5))
        assert all(error.ok for errors in results.values() for error in errors), results


def test_models_share_their_kernels(tmp_path: Path) -> None:
    twice = [entry("conv2d"), {**entry("conv2d"), "model_name": "again"}]
    path = written(tmp_path, *twice)
    assert (
        cli.main(["compile", "--json", str(path), "--arm64", "--dump", str(tmp_path / "out"), "--no-library"])
        == 0
    )
    text = (tmp_path / "out" / "pair_kernels.c").read_text()
    defined = re.findall(r"^MG_KERNEL void (\w+)\(", text, re.MULTILINE)
    assert len(defined) == len(set(defined)) > 0
    assert "m_conv2d_kernels = {" in text and "again_kernels = {" in text


def test_the_options_of_megcc_choose_target_and_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, entry("softmax", enable_nchw44=True))
    assert (
        cli.main(["compile", "--json", str(path), "--armv7", "--dump", str(tmp_path / "o"), "--no-library"])
        == 0
    )
    assert "'enable_nchw44' has no effect" in capsys.readouterr().out
    report = json.loads((tmp_path / "o" / "report.json").read_text())
    assert (report["library"], report["target"]) == ("pair", "armv7")


def test_problems_of_all_models_are_told_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, entry("random_numbers"), entry("extern_opr"))
    assert cli.main(["check", str(path), "--target", "arm64"]) == 2
    said = capsys.readouterr().err
    assert "random_numbers.mge): 2 problems" in said and "extern_opr.mge): 1 problem" in said


def test_nhwc_inputs_are_turned_first(tmp_path: Path) -> None:
    path = written(tmp_path, entry("conv2d", add_nhwc2nchw_to_input=True))
    out = tmp_path / "out"
    assert cli.main(["compile", "--json", str(path), "--target", "x86_64", "--out", str(out)]) == 0
    (library,) = find_libraries(out, "pair", load_target("x86_64"))
    arrays = recorded("conv2d")
    arrays["in.data"] = np.ascontiguousarray(arrays["in.data"].transpose(0, 2, 3, 1))
    session = prepare([replace(library, name="m_conv2d")], "zig", tmp_path / "runner")
    results = verify(session, arrays, arrays, Verify(rtol=1e-4, atol=1e-5))
    assert all(error.ok for errors in results.values() for error in errors)


def test_a_model_of_several_is_chosen_by_name(tmp_path: Path) -> None:
    path = written(tmp_path, *map(entry, MODELS))
    np.savez(tmp_path / "cases.npz", **recorded("softmax"))
    cases = [
        "--inputs",
        str(tmp_path / "cases.npz"),
        "--expected",
        str(tmp_path / "cases.npz"),
        "--atol",
        "1e-5",
    ]
    assert cli.main(["verify", str(path), "--target", "x86_64", *cases]) == 2
    assert cli.main(["verify", str(path), "--target", "x86_64", "--name", "m_softmax", *cases]) == 0


def test_several_shapes_of_one_model_stand_beside_other_models(tmp_path: Path) -> None:
    shapes = "data=(2,3,17,15):data=(1,3,17,15)"
    path = written(tmp_path, entry("conv2d", input_shape_str=shapes), entry("softmax"))
    out = tmp_path / "out"
    assert cli.main(["compile", "--json", str(path), "--target", "x86_64", "--out", str(out)]) == 0
    for name in MODELS:
        (library,) = find_libraries(out, "pair", load_target("x86_64"))
        session = prepare([replace(library, name=f"m_{name}")], "zig", tmp_path / name)
        results = verify(session, recorded(name), recorded(name), Verify(rtol=1e-4, atol=1e-5))
        assert all(error.ok for errors in results.values() for error in errors), results


def test_a_model_of_several_can_have_several_input_shapes(tmp_path: Path) -> None:
    shapes = ("(1,3,32,32)", "(1,3,48,40)")
    sets = ":".join(f"data={shape}" for shape in shapes)
    path = written(tmp_path, entry("softmax"), entry("net_mobilenet", input_shape_str=sets))
    out = tmp_path / "out"
    assert cli.main(["compile", "--json", str(path), "--target", "x86_64", "--dump", str(out)]) == 0
    (library,) = find_libraries(out, "pair", load_target("x86_64"))
    session = prepare([replace(library, name="m_net_mobilenet")], "zig", tmp_path / "runner")
    network = CORPUS / "net_mobilenet.mge"
    for number, shape in enumerate([(1, 3, 32, 32), (1, 3, 48, 40)]):
        graph = load_graph(ModelConfig(network, "net", network, inputs={"data": InputConfig(shape)}))
        data = np.random.default_rng(number).standard_normal(shape).astype(np.float32)
        arrays = {"in.data": data, "out.0": run(graph, {"data": data})[0]}
        assert session.fitting(arrays).shape_set == number
        (errors,) = verify(session, arrays, arrays, Verify(max_abs_of_peak=1e-4)).values()
        assert all(error.ok for error in errors)
