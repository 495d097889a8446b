"""An ONNX file is built as any model is; files that its constants lie in are what it depends on."""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from .conftest import ROOT
from .test_library import scons

sys.path.insert(0, str(ROOT / "tests" / "frontends" / "onnx"))

from networks import tensor
from onnx import TensorProto, helper

WEIGHTS = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
BUILD = ("model=net", "target=arm64")


def net(rows: int | str) -> bytes:
    """A file whose weights lie in parts/w.bin beside it."""
    nodes = [
        helper.make_node("Expand", ["x", "shape"], ["wide"]),
        helper.make_node("Mul", ["wide", "w"], ["y"]),
    ]
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [3, 4])
    graph = helper.make_graph(nodes, "net", [tensor("x", [rows, 4])], [tensor("y", None)], [shape])
    weights = graph.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=[3, 4], data_location=1)
    weights.external_data.add(key="location", value="parts/w.bin")
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)], ir_version=10)
    return bytes(made.SerializeToString())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "models" / "net"
    (place / "parts").mkdir(parents=True)
    (place / "net.onnx").write_bytes(net("rows"))
    (place / "parts" / "w.bin").write_bytes(WEIGHTS.tobytes())
    (place / "model.yaml").write_text("model: net.onnx\ninputs: {x: {shape: [1, 4]}}\n")
    return tmp_path


def blob(folder: Path) -> bytes:
    return (folder / "build" / "arm64" / "net" / "net.blob").read_bytes()


def test_new_numbers_in_a_file_beside_the_model_build_it_again(folder: Path) -> None:
    assert "MGE   arm64 net" in scons(folder, *BUILD)
    first = blob(folder)
    assert WEIGHTS.tobytes() in first
    assert "MGE " not in scons(folder, *BUILD)
    beside = folder / "models" / "net" / "parts" / "w.bin"
    beside.write_bytes((WEIGHTS + 1).tobytes())
    assert "MGE   arm64 net" in scons(folder, *BUILD)
    assert (WEIGHTS + 1).tobytes() in blob(folder)
    beside.write_bytes(WEIGHTS.tobytes())
    assert "HIT   arm64 net" in scons(folder, *BUILD)
    assert blob(folder) == first


def test_a_release_names_all_files_that_the_model_was_made_from(folder: Path) -> None:
    scons(folder, *BUILD, "release")
    with tarfile.open(folder / "build" / "release" / "net-arm64.tar") as archive:
        papers = archive.extractfile("net-arm64/provenance.intoto.json")
        assert papers is not None
        text = json.dumps(json.load(papers))
    assert "net.onnx" in text and "parts/w.bin" in text


def test_a_missing_file_is_one_line(folder: Path) -> None:
    (folder / "models" / "net" / "parts" / "w.bin").unlink()
    said = scons(folder, *BUILD, status=2)
    assert "parts/w.bin" in said and "Traceback" not in said


def test_a_bare_file_is_built_by_its_name(folder: Path) -> None:
    bare = folder / "models" / "net" / "net.onnx"
    said = scons(folder, f"config={bare}", "target=arm64", status=2)
    assert "--input-shapes x=1x4, or inputs: {x: {shape: [1, 4]}}, or for any size of a range" in said
    bare.write_bytes(net(1))
    scons(folder, f"config={bare}", "target=arm64")
    assert WEIGHTS.tobytes() in blob(folder)
    bare.with_name("parts").joinpath("w.bin").write_bytes((WEIGHTS + 1).tobytes())
    assert "MGE   arm64 net" in scons(folder, f"config={bare}", "target=arm64")
