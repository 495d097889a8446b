"""What MegCC's users type: its options, single kernels by attributes, and answers for programs from every tool."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from mgecc import cli
from mgecc.config import load_cases, load_config
from mgecc.toolrun.products import read_config

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "models" / "digits"


def run(capsys: pytest.CaptureFixture[str], *args: str | Path, status: int = 0) -> str:
    assert cli.main([str(word) for word in args]) == status
    said = capsys.readouterr()
    return said.out if status == 0 else said.err


def compile_digits(capsys: pytest.CaptureFixture[str], out: Path, *more: str) -> dict:
    run(capsys, "compile", DIGITS / "digits.mge", out, "--arm64", "--no-library", *more)
    return json.loads((out / "report.json").read_text())


def test_options_of_a_model_mean_what_they_mean_in_its_json(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    plain = compile_digits(capsys, tmp_path / "plain")
    two = compile_digits(capsys, tmp_path / "two", "--input-shapes", "data=(2,1,8,8)")
    assert (plain["inputs"][0]["shape"], two["inputs"][0]["shape"]) == ([1, 1, 8, 8], [2, 1, 8, 8])
    sets = compile_digits(capsys, tmp_path / "sets", "--input-shapes", "data=(2,1,8,8):data=(3,1,8,8)")
    assert len(sets["shape_sets"]) == 2
    small = compile_digits(capsys, tmp_path / "small", "--enable_compress_fp16")
    assert small["weights"] < 0.6 * plain["weights"]
    turned = compile_digits(capsys, tmp_path / "turned", "--add_nhwc2nchw_to_input")
    assert turned["inputs"][0]["shape"] == [1, 8, 8, 1]


def test_options_without_effect_are_taken_and_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["compile", DIGITS / "digits.mge", tmp_path, "--arm64", "--no-library"]
    said = run(capsys, *words, "--enable_nchw44", "--mgb_fuse_kernel", "--save-model", "--hako", "2")
    assert "'enable_nchw44' has no effect: layouts are chosen by cost" in said
    assert "'mgb_fuse_kernel' has no effect: what can be fused always is" in said


def test_a_mistake_in_an_option_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["compile", DIGITS / "digits.mge", tmp_path, "--arm64", "--no-library"]
    said = run(capsys, *words, "--input-shapes", "data=(2,1", status=2)
    assert "input shapes are written 'name=(1,3,224,224);other=(2,3)'" in said and said.count("\n") == 1


@pytest.mark.parametrize("more", [["--armv7"], ["--target", "baremetal"]])
def test_two_targets_are_a_mistake(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, more: list[str]
) -> None:
    words = ["compile", str(DIGITS / "digits.mge"), str(tmp_path), "--no-library"]
    for order in (["--arm64", *more], [*more, "--arm64"]):
        with pytest.raises(SystemExit, match="2"):
            cli.main([*words, *order])
        assert "already; compile for one after the other" in capsys.readouterr().err
    assert cli.main([*words, "--arm64", "--target", "arm64"]) == 0


def test_the_template_is_a_configuration_to_begin_with(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(capsys, "compile", "--json-template", tmp_path)
    path = tmp_path / "config.json"
    document = json.loads(path.read_text())
    document["models"][0] |= {"model_path": str(DIGITS / "digits.mge"), "input_shape_str": "data=(1,1,8,8)"}
    path.write_text(json.dumps(document))
    rows = json.loads(run(capsys, "compile", "--json", path, "--arm64", "--no-library", "--json-output"))
    assert {Path(row["file"]).name for row in rows} >= {
        "net.h",
        "net.blob",
        "config_kernels.c",
        "config_cv.h",
    }
    assert all(Path(row["file"]).stat().st_size == row["bytes"] for row in rows)
    said = run(capsys, "compile", "--json", path, "--arm64", "--enable_ioc16", status=2)
    assert "enable_ioc16 belongs into" in said


def test_image_functions_alone_are_compiled_like_models(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "eyes.json"
    path.write_text('{"dump_dir": "dump", "cv": {"flip": ["ui8"]}}')
    said = run(capsys, "compile", "--json", path, "--armv7").splitlines()
    rows = [words[1] for words in map(str.split, said) if words[0].isdigit()]
    names = ["eyes_cv.h", "eyes_cv.c", "mgecc.h", "mgecc.hpp", "mgecc_cv.h", "libeyes_cv.a", "libeyes_cv.so"]
    assert rows == [str(tmp_path / "dump" / name) for name in names]
    assert "no problems" in run(capsys, "check", path, "--target", "armv7")
    assert "has no models, only image functions" in run(capsys, "verify", path, "--target", "armv7", status=2)


@pytest.mark.parametrize("models", [True, False])
def test_the_folder_of_products_has_all_headers_that_an_application_includes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, models: bool
) -> None:
    net = {"model_name": "net", "model_path": str(DIGITS / "digits.mge"), "input_shape_str": "data=(1,1,8,8)"}
    document = {"models": [net] if models else [], "cv": {"flip": ["ui8"]}}
    (tmp_path / "all.json").write_text(json.dumps(document))
    out = tmp_path / "out"
    run(capsys, "compile", tmp_path / "all.json", "--target", "arm64", "--out", out, "--no-library")
    names = sorted(path.name for path in out.glob("*.h"))
    assert names == ["all_cv.h", "mgecc.h", "mgecc_cv.h", *(["net.h"] if models else [])]
    for number, suffix in enumerate(("c", "cc")):
        program = tmp_path / f"{number}.{suffix}"
        program.write_text(
            "".join(f'#include "{name}"\n' for name in names) + "int main(void) { return 0; }\n"
        )
        subprocess.run(["gcc", "-Wall", "-Werror", "-fsyntax-only", f"-I{out}", program], check=True)


def test_a_model_and_a_folder_are_enough_as_for_megcc(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(capsys, "compile", DIGITS / "digits.mge", tmp_path / "out", "--no-library")
    assert json.loads((tmp_path / "out" / "report.json").read_text())["target"] == "baremetal"


def test_options_keep_what_model_yaml_says(tmp_path: Path) -> None:
    from mgecc.config import megcc_model

    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "m.mge").write_bytes((DIGITS / "digits.mge").read_bytes())
    (folder / "model.yaml").write_text("model: m.mge\ninputs: {data: {layout: NHWC}}\n")
    changed = megcc_model(load_config(folder / "model.yaml"), {"input_shape_str": "data=(4,1,8,8)"})
    assert changed.inputs["data"].shape == (4, 1, 8, 8) and changed.inputs["data"].layout == "NHWC"
    assert read_config(folder / "model.yaml").inputs["data"].shape is None


@pytest.mark.parametrize("target", ["arm64", "arm64v7", "baremetal"])
def test_a_kernel_is_printed_for_given_attributes(capsys: pytest.CaptureFixture[str], target: str) -> None:
    words = ["kernel", "--operator", "Convolution", "--operands", "1,3,32,32", "const:8,3,3,3"]
    words += ["--target", target]
    rows = json.loads(run(capsys, *words, "--json-output"))
    strided = json.loads(run(capsys, *words, "--attrs", "stride=[2,2]", "--json-output"))
    assert any("conv_f32" in row["kernel"] for row in rows) and rows != strided
    assert f"{rows[0]['kernel']}(void *const *t, const int32_t *args)" in run(capsys, *words)


def test_attributes_of_operators_are_in_their_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["kernel", "--operator", "Pooling", "--operands", "1,8,9,9", "--target", "arm64", "--json-output"]
    rows = json.loads(run(capsys, *words, "--attrs", "window=[2,3]", "mode=average"))
    assert any("pool_f32_avg_k2x3" in row["kernel"] for row in rows)


def test_operands_can_be_quantised(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["kernel", "--operator", "Convolution", "--target", "arm64", "--json-output"]
    rows = json.loads(run(capsys, *words, "--operands", "1,4,8,8:qint8:0.1", "const:8,4,3,3:qint8:0.02"))
    assert any(row["kernel"].startswith("qconv") for row in rows)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Convol"], "did you mean Convolution?"),
        (["Convolution", "--operands", "1,3,8,8", "const:8,3,3,3", "--attrs", "strides=[2,2]"], "did you mean stride?"),
        (["Convolution", "--operands", "1,3,8,8", "const:8,3,3,3", "--attrs", "stride"], "not written like"),
        (["Convolution", "--operands", "1,4,8,8", "const:8,3,3,3"], "the data has 4 channels"),
        (["Convolution", "--operands", "1,4"], "do not make one"),
        (["Softmax", "--operands", "1,x"], "the operand '1,x' is not written like"),
        (["Softmax", "--operands", "99999,99999"], "too large"),
        (["Softmax", "--operands", "1,9:float9"], "is not written like"),
        (["Softmax", "--operands", "1,9:int64"], "is not written like"),
        (["Pooling", "--operands", "1,3,8,8", "--attrs", "windows=[2,2]"], "did you mean window?"),
        (["Pooling", "--operands", "1,3,8,8"], "Pooling needs --attrs window=..."),
        (["Pooling", "--operands", "1,3,8,8", "--attrs", "window=[0,2]"], "its parameter window is (0, 2)"),
    ],
)  # fmt: skip
def test_what_is_no_operator_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    error = run(capsys, "kernel", "--target", "arm64", "--operator", *words, status=2)
    assert said in error and error.count("\n") == 1


def test_run_without_a_target_computes_with_numpy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    (row,) = json.loads(run(capsys, "run", DIGITS / "model.yaml", "--json-output", "--output", out))
    assert row["on"] == "NumPy" and row["ms"] is None and len(row["cases"]) == 64
    best = load_cases(out)["out.0"].reshape(64, -1).argmax(1).tolist()
    assert [case[0]["class"] for case in row["cases"]] == best
    assert "digits on NumPy\n" in run(capsys, "run", DIGITS / "model.yaml", "--top", "1")
    assert "give --target" in run(capsys, "run", DIGITS / "model.yaml", "--products", tmp_path, status=2)


def test_every_tool_that_prints_text_answers_programs(capsys: pytest.CaptureFixture[str]) -> None:
    scripts = {"completion", "schema", "export"}  # a shell's script, JSON already, and one path
    for name in set(cli.command_names()) - scripts:
        with pytest.raises(SystemExit):
            cli.main([name, "--help"])
        assert "--json-output" in capsys.readouterr().out, name
    rows = {row["name"]: row for row in json.loads(run(capsys, "ops", "--json-output"))}
    assert rows["Convolution"]["types"]["mge"] and rows["Convolution"]["kernels"][0]["family"]
