"""Files with open sizes become one program for all declared ones, whatever reads the sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mgecc import cli
from networks import model, tensor
from onnx import ModelProto, TensorProto, helper

WIDTH = 16


def node(op: str, inputs: str, outputs: str, **attrs: Any) -> Any:
    return helper.make_node(op, inputs.split(), outputs.split(), **attrs)


def encoder() -> list[Any]:
    """Look up words, attend to all of them, look at neighbours, remember: x and ids are (1, length, ...)."""
    return [
        node("Gather", "words ids", "e"),
        node("Add", "x e", "sum"),
        node("LayerNormalization", "sum scale shift", "s"),
        node("MatMul", "s wq", "q"),
        node("Reshape", "q heads", "q4"),
        node("Transpose", "q4", "rows", perm=[0, 2, 1, 3]),
        node("Transpose", "q4", "columns", perm=[0, 2, 3, 1]),
        node("MatMul", "rows columns", "scores"),
        node("Softmax", "scores", "p"),
        node("MatMul", "p rows", "o"),
        node("Transpose", "o", "ot", perm=[0, 2, 1, 3]),
        node("Reshape", "ot flat", "attended"),
        node("Transpose", "attended", "t", perm=[0, 2, 1]),
        node("Conv", "t wc", "c", pads=[2, 0]),
        node("Transpose", "c", "steps", perm=[2, 0, 1]),
        node("GRU", "steps W R B", "all last", hidden_size=WIDTH),
        node("Squeeze", "all one", "states"),
        node("ReduceMax", "states none", "most", keepdims=0),
    ]


def shapes() -> list[Any]:
    """Sizes that are computed from those of an input z (n, length, ...)."""
    return [
        node("Shape", "z", "shape"),
        node("Gather", "shape none", "count"),
        node("Concat", "count rest", "rows_of", axis=0),
        node("Reshape", "z rows_of", "long"),
        node("ReduceMean", "long one", "mean", keepdims=0),
        node("Expand", "weight shape", "stretched"),
        node("Flatten", "stretched", "both", axis=2),
    ]


def network() -> bytes:
    rng = np.random.default_rng(0)
    sizes = {
        "words": (20, WIDTH), "scale": (WIDTH,), "shift": (WIDTH,), "wq": (WIDTH, WIDTH), "wc": (WIDTH, WIDTH, 3),
        "W": (1, 3 * WIDTH, WIDTH), "R": (1, 3 * WIDTH, WIDTH), "B": (1, 6 * WIDTH), "weight": (1, 1, WIDTH),
    }  # fmt: skip
    known = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in sizes.items()}
    known |= {"heads": np.array([0, 0, 4, 4]), "flat": np.array([0, 0, WIDTH]), "one": np.array([1])}
    known |= {"none": np.array([0]), "rest": np.array([-1])}
    inputs: dict[str, Any] = {"x": [1, "length", WIDTH], "z": ["n", "length", WIDTH]}
    made = ModelProto.FromString(model([*encoder(), *shapes()], inputs, ["most", "mean", "both"], known))
    words: Any = [1, "length"]
    made.graph.input.append(tensor("ids", words, TensorProto.INT64))
    return bytes(made.SerializeToString())


def test_every_declared_size_gives_what_the_graph_means(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net.onnx").write_bytes(network())
    said = "model: net.onnx\nsizes: {n: 1..2, length: 1..5}\n"
    (tmp_path / "model.yaml").write_text(said)
    status = cli.main(["verify", str(tmp_path), "--target", "x86_64"])
    out = capsys.readouterr()
    assert status == 0, out.err
    for sizes in ("length=1", "length=5"):
        assert sizes in out.out
