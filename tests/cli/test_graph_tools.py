"""The commands that look into a model: import, opt, kernel, interpret; and schema, completion and their page."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import yaml
from mgecc import cli
from mgecc.commands import _page
from mgecc.config import load_cases
from mgecc.graph import DType, Graph, TensorType, Value
from mgecc.graph.drawing import dot_lines, mermaid_lines
from mgecc.targets import load_target

ROOT = Path(__file__).resolve().parents[2]
DIGITS = str(ROOT / "models" / "digits" / "model.yaml")


def run(capsys: pytest.CaptureFixture[str], *args: str, status: int = 0) -> str:
    assert cli.main(args) == status
    said = capsys.readouterr()
    return said.out if status == 0 else said.err


def test_import_prints_a_line_for_each_node(capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys, "import", DIGITS).splitlines()
    assert lines[0] == "model digits" and lines[1] == "input data: float32[1, 1, 8, 8]"
    assert lines[-1] == "output logits: float32[1, 10] = logits"
    document = json.loads(run(capsys, "import", DIGITS, "--json-output"))
    assert len(document["nodes"]) == len(lines) - 3
    assert (
        sum("Convolution(" in line for line in lines)
        == [n["op"] for n in document["nodes"]].count("Convolution")
        > 0
    )


def test_opt_shows_the_passes_that_changed_something(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "opt", DIGITS)
    passes = [line.removeprefix("# after ") for line in text.splitlines() if line.startswith("# ")]
    assert "fuse-epilogues" in passes and "fuse-quantised" not in passes
    known = run(capsys, "opt", DIGITS, "--after", "list").split()
    assert set(passes) < set(known)
    assert "Convolution(" in run(capsys, "opt", DIGITS, "--after", known[0])
    assert "Convolution(" not in run(capsys, "opt", DIGITS, "--after", known[-1])
    assert list(json.loads(run(capsys, "opt", DIGITS, "--json-output"))) == passes
    assert "did you mean fuse-epilogues?" in run(capsys, "opt", DIGITS, "--after", "fuse-epilogs", status=2)


def test_opt_shows_what_each_pass_changed(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "opt", DIGITS, "--diff")
    fused = text.split("# after fuse-epilogues\n")[1].split("# after")[0].splitlines()
    assert any(line.startswith("-") and "Elemwise(" in line for line in fused)
    assert any(line.startswith("+") and "ConvBias(" in line for line in fused)
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("form", "edge"), [("dot", r"  i0 -> n\d+ \[label=\"float32"), ("mermaid", r"  i0 -->\|\"float32")]
)
def test_graphs_are_written_for_drawing_tools(
    form: str, edge: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("import", "opt"):
        text = run(capsys, command, DIGITS, "--as", form)
        assert re.search(edge, text)
        boxes = re.findall(r"^  n(\d+)[ \[]", text, re.MULTILINE)
        assert len(set(boxes)) > 5 and text.count("logits") >= 1


def test_names_in_drawings_cannot_end_their_quotes() -> None:
    value = Value('in"put\\', TensorType((1,), DType("float32")))
    graph = Graph('net"', [value], [], [('out"] --> x[', value)])
    assert r'label="in\"put\\"' in "\n".join(dot_lines(graph))
    assert '"out#34;] --#62; x["' in "\n".join(mermaid_lines(graph))


@pytest.mark.parametrize("name", ["digits", "mobilenet_int8", "blazeface"])
def test_the_planned_graph_is_a_valid_file_for_viewers(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    onnx = pytest.importorskip("onnx")
    config = str(ROOT / "models" / name / "model.yaml")
    files = [tmp_path / "one.onnx", tmp_path / "two.onnx"]
    for file in files:
        run(capsys, "opt", config, "--target", "arm64", "--onnx", str(file))
    assert files[0].read_bytes() == files[1].read_bytes()
    onnx.checker.check_model(str(files[0]))
    model = onnx.load(str(files[0]))
    steps = [node for node in model.graph.node if node.domain == "mgecc"]
    passes = json.loads(run(capsys, "opt", config, "--target", "arm64", "--json-output"))
    assert [node.op_type for node in steps] == [node["op"] for node in list(passes.values())[-1]["nodes"]]


def test_kernel_prints_what_computes_a_layer(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["kernel", DIGITS, "--target", "arm64"]
    rows = json.loads(run(capsys, *args, "--json-output"))
    assert [row["layer"] for row in rows][-1] == "fc.MatrixMul"
    text = run(capsys, *args, "--layer", "fc.MatrixMul")
    assert f"{rows[-1]['kernel']}(void *const *t, const int32_t *args)" in text
    assert text == run(capsys, *args, "--layer", rows[-1]["kernel"])
    assert "did you mean fc.MatrixMul?" in run(capsys, *args, "--layer", "fc.MatMul", status=2)


@pytest.mark.parametrize("name", ["digits", "digits_int8"])
def test_interpret_gives_what_was_recorded(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    folder, out = ROOT / "models" / name, tmp_path / "out.npz"
    said = run(capsys, "interpret", str(folder / "model.yaml"), "--out", str(out))
    assert said == "logits: float32[64, 1, 10]\n"
    want = load_cases(folder / "expected.npz")["out.0"]
    np.testing.assert_allclose(load_cases(out)["out.0"], want, atol=1e-3 if name == "digits" else 0.12)


def test_mistakes_are_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "bad.mge").write_bytes(b"\0" * 64)
    for command in (["import"], ["opt"], ["kernel", "--target", "arm64"]):
        error = run(capsys, *command, str(tmp_path / "bad.mge"), status=2)
        assert error.startswith("mgecc: error: ") and error.count("\n") == 1
    np.savez(tmp_path / "in.npz", **{"in.image": np.zeros((1, 1, 8, 8), np.float32)})
    error = run(capsys, "interpret", DIGITS, "--inputs", str(tmp_path / "in.npz"), status=2)
    assert f"in.data is missing in {tmp_path}/in.npz, which has: in.image" in error
    assert "give --inputs" in run(capsys, "interpret", DIGITS.replace("model.yaml", "digits.mge"), status=2)


@pytest.mark.parametrize("command", ["import", "opt", "check --target arm64", "kernel --target arm64"])
def test_a_damaged_model_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str) -> None:
    path = tmp_path / "half.mge"
    path.write_bytes((ROOT / "models" / "digits" / "digits.mge").read_bytes()[:3000])
    first, *rest = command.split()
    assert cli.main([first, str(path), *rest]) == 2
    assert "half.mge: truncated: " in "".join(capsys.readouterr())


def test_schema_accepts_the_models_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    schema = json.loads(run(capsys, "schema"))
    for path in sorted((ROOT / "models").glob("*/model.yaml")):
        jsonschema.validate(yaml.safe_load(path.read_text()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"model": "x.mge", "modle": 1}, schema)


def test_completion_is_a_script_that_bash_takes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("shtab", reason="pip install shtab")
    text = run(capsys, "completion", "bash")
    assert "--json-output" in text and "interpret" in text
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed: apt-get install bash")
    (tmp_path / "complete").write_text(text)
    script = "source ./complete && complete -p mgecc"
    assert (
        "mgecc"
        in subprocess.run(
            [bash, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
    )


def test_the_page_about_the_commands_is_what_they_say() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert text == _page.page(), "run: python -m mgecc.commands._page > docs/cli.md"
    assert all(f"## mgecc {name}\n" in text for name in cli.command_names())


@pytest.mark.parametrize("name", cli.command_names())
def test_the_page_has_every_option_that_help_lists(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main([name, "--help"])
    listed = set(re.findall(r"(?<![\w`-])--[a-z][\w-]*", capsys.readouterr().out)) - {"--help"}
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    section = page.partition(f"## mgecc {name}\n")[2].partition("\n## ")[0]
    assert {option for option in listed if f"`{option}" not in section} == set()


def test_options_that_stand_for_a_target_stand_for_one_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    targets = re.findall(r"the same as --target (\S+) \|", page)
    assert len(targets) > 5 and [load_target(name).spec for name in targets] == targets
    with pytest.raises(SystemExit, match="2"):
        cli.main(["compile", "net.mge", "out", "--webassembly"])
    assert capsys.readouterr().err.startswith("mgecc: error: WebAssembly is not a target; ")


def test_answers_for_programs_are_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = {row["name"]: row for row in json.loads(run(capsys, "targets", "--json-output"))}
    assert rows["arm64v7"]["isa"] == ["arm64", "armv7"] and "dot" in rows["arm64"]["features"]
    check = ["check", "--target", "arm64", "--json-output"]
    assert json.loads(run(capsys, *check, DIGITS))["problems"] == []
    (tmp_path / "bad.mge").write_bytes(b"\0" * 64)
    assert cli.main([*check, str(tmp_path / "bad.mge")]) == 2
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 1


def test_a_diff_has_colours_at_a_terminal_and_nothing_raw_of_a_model() -> None:
    script = """
import sys
from mgecc.commands import _graphs
from mgecc.commands._output import show
from mgecc.toolrun.terminal import printable_streams
from argparse import Namespace
sys.stdout.isatty = lambda: True
with printable_streams():
    show(Namespace(json_output=False), list(_graphs.changes(["a"], ["\\x1b]0;b"])), dict, painted=True)
"""
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True
    )
    assert "\x1b[31m-a\x1b[0m\n" in done.stdout and "\x1b[32m+\\x1b]0;b\x1b[0m\n" in done.stdout
