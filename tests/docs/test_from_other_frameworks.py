"""The pages for users of PyTorch and of TensorFlow Lite Micro are true: their commands run, their firmware builds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).resolve().parents[2]
PYTORCH = (ROOT / "docs" / "from-pytorch.md").read_text(encoding="utf-8")
TFLITE = (ROOT / "docs" / "from-tflite.md").read_text(encoding="utf-8")
PROGRAMS = {"mgecc": ["-m", "mgecc.cli"], "scons": ["-m", "SCons", "-Q"]}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def said(folder: Path, line: str) -> str:
    """What a command prints; it must succeed."""
    program, *words = line.split()
    command = [sys.executable, *PROGRAMS[program], *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "rules")}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def exported(folder: Path) -> None:
    """What the first block of the page would write: a small network of PyTorch's operators, and images."""
    random = np.random.default_rng(0)
    weights = {
        "conv.weight": random.normal(0, 0.3, (8, 1, 3, 3)),
        "conv.bias": random.normal(0, 0.1, 8),
        "fc.weight": random.normal(0, 0.1, (10, 8 * 7 * 7)),
        "fc.bias": random.normal(0, 0.1, 10),
    }
    nodes = [
        helper.make_node(
            "Conv", ["image", "conv.weight", "conv.bias"], ["c"], strides=[2, 2], pads=[1, 1, 1, 1]
        ),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "fc.weight", "fc.bias"], ["scores"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "main_graph",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 28, 28])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10),
        folder / "net.onnx",
    )
    np.savez(folder / "cases.npz", image=random.random((3, 1, 1, 28, 28), np.float32))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which all commands of the page about PyTorch were run, but scons."""
    folder = tmp_path_factory.mktemp("project")
    exported(folder)
    for line in "".join(blocks(PYTORCH, "sh")).splitlines():
        found = said(folder, line)
        assert "verify" not in line or re.search(
            r"net on cortex-m4f, 3 cases:\n.*\n  scores .* 0/30 +ok", found
        )
    return folder


def test_names_of_the_export_are_those_of_the_program() -> None:
    export, _ = blocks(PYTORCH, "python")
    names = re.findall(r'put_names=\["(\w+)"\]', export)
    (program,) = blocks(PYTORCH, "c")
    assert names == ["image", "scores"] and all(f"put_{name}(" in program for name in names)


def test_all_that_the_page_promises_lies_in_the_folders(project: Path) -> None:
    assert {"libnet.a", "net.h", "report.json"} <= {path.name for path in (project / "products").iterdir()}
    assert {"net.onnx", "model.yaml", "inputs.npz", "expected.npz"} == {
        path.name for path in (project / "models" / "net").iterdir()
    }


def test_the_firmware_builds_and_runs(project: Path) -> None:
    rules = blocks(PYTORCH, "python")[1].replace("third_party/mgecc", str(ROOT))
    (project / "SConstruct").write_text(rules)
    (project / "main.c").write_text(blocks(PYTORCH, "c")[0])
    said(project, "scons")
    assert (project / "build" / "cortex-m4f" / "app" / "app.elf").is_file()
    told = said(project, "scons check check-net")
    assert "MGE " not in told
    assert "is up to date" in said(project, "scons")


def test_commands_for_tensorflow_lite_run(tmp_path: Path) -> None:
    source = ROOT / "models" / "okay_nabu"
    for name, copied in (
        ("okay_nabu.tflite", "net.tflite"),
        ("inputs.npz", "in.npz"),
        ("expected.npz", "out.npz"),
    ):
        (tmp_path / copied).write_bytes((source / name).read_bytes())
    for line in blocks(TFLITE, "sh")[0].splitlines():
        said(tmp_path, line)
    header = (tmp_path / "products" / "net.h").read_text()
    wanted = (
        "NET_ARENA_SIZE",
        "net_reset",
        "NET_INPUT_INPUT_AUDIO_SCALE",
        "NET_INPUT_INPUT_AUDIO_ZERO_POINT",
    )
    assert [name for name in wanted if name not in header] == []
