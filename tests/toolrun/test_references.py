"""`verify --reference`: other engines beside the library, as a whole and layer by layer."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mgecc import cli
from mgecc.graph import DType, Graph, Node, TensorType, Value
from mgecc.references import Results, onnx, open_engine, run_cases
from mgecc.references.engine import Memory
from mgecc.toolrun.references import Tensors, comparable

MODELS = Path(__file__).parents[2] / "models"


def installed(name: str, package: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(name) is None
    return pytest.mark.skipif(missing, reason=f"{name} is not installed: pip install {package}")


def verify(model: str, engine: str, *more: str) -> int:
    return cli.main(
        ["verify", str(MODELS / model), "--target", "x86_64", "--reference", engine, "--json-output", *more]
    )


def layers(model: str, engine: str, capsys: pytest.CaptureFixture[str], status: int = 0) -> list[Any]:
    assert verify(model, engine, "--layers") == status
    (found,) = json.loads(capsys.readouterr().out).values()
    return list(found)


def test_a_network_with_states_is_compared_with_the_onnx_evaluator(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert verify("silero_vad", "onnx") == 0
    (found,) = json.loads(capsys.readouterr().out).values()
    assert found[0]["cases"] == 24


def test_layers_are_compared_with_tensors_of_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    found = layers("silero_vad", "onnx", capsys)
    assert [row["layer"] for row in found if not row["ok"]] == []
    assert {"/model/stft/Conv", "/model/stft/Sqrt", "/Add"} <= {row["layer"] for row in found}
    assert any(row["max_abs"] for row in found), "two engines that round alike in all are one"


def test_the_first_layer_that_another_engine_computes_otherwise_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def changed(path: Path, every: bool) -> Any:
        run = right(path, every)

        def otherwise(inputs: dict[str, np.ndarray]) -> Results:
            results = run(inputs)
            name = "/model/stft/Sqrt_output_0"
            return Results(
                results.outputs, {**results.tensors, name: results.tensors[name] + np.float32(0.1)}
            )

        return otherwise

    right = onnx._by_evaluator
    for maker in ("_by_evaluator", "_by_runtime"):
        monkeypatch.setattr(onnx, maker, changed)
    found = layers("silero_vad", "onnx", capsys, status=1)
    assert [row["layer"] for row in found if not row["ok"]] == ["/model/stft/Sqrt"]


@installed("ai_edge_litert", "ai-edge-litert")
@pytest.mark.parametrize("model", ["person_detection", "okay_nabu"])
def test_layers_are_those_of_litert(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = layers(model, "litert", capsys)
    assert len(found) > 10 and [row["layer"] for row in found if row["max_abs"]] == []
    assert verify(model, "litert") == 0


@installed("megengine", "'.[megengine]'")
@pytest.mark.parametrize("model", ["digits", "digits_int8"])
def test_layers_are_those_of_megengine(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = layers(model, "megengine", capsys)
    assert len(found) > 4 and all(row["ok"] for row in found)


@pytest.mark.parametrize(
    ("engine", "module"), [("litert", "ai_edge_litert.interpreter"), ("megengine", "megengine")]
)
def test_a_missing_engine_is_named_with_what_installs_it(
    engine: str, module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert verify("digits", engine, "--layers") == 3
    said = capsys.readouterr().err
    assert "pip install" in said and said.count("mgecc: error") == 1


def test_a_file_of_another_kind_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("digits", "onnx") == 2
    assert "digits.mge: not an ONNX file" in capsys.readouterr().err


FLOAT = DType("float32")


def value(name: str, shape: tuple[int, ...], dtype: DType = FLOAT) -> Graph:
    """A graph of one node whose result is the value."""
    source = Value("x", TensorType(shape, dtype))
    result = Value(name, TensorType(shape, dtype))
    node = Node("Identity", "layer", None, [source], [result])  # type: ignore[arg-type]
    return Graph("net", [source], [node], [(name, result)])


def matched(graph: Graph, *arrays: np.ndarray, channels_last: bool = False) -> list[np.ndarray] | None:
    found = comparable(graph, Tensors([{"t": array} for array in arrays], channels_last))
    return found.get(graph.nodes[0].outputs[0])


def test_tensors_are_matched_by_shape_up_to_axes_of_one() -> None:
    array = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    (got,) = matched(value("t", (1, 3, 1, 4)), array) or []
    assert got.shape == (1, 3, 1, 4) and np.array_equal(got.reshape(-1), array.reshape(-1))
    assert matched(value("t", (1, 4, 3)), array) is None
    assert matched(value("other", (1, 3, 4)), array) is None


def test_channels_that_come_last_in_the_file_are_turned() -> None:
    array = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    (got,) = matched(value("t", (1, 4, 2, 3)), array, channels_last=True) or []
    assert np.array_equal(got, array.transpose(0, 3, 1, 2))
    assert matched(value("t", (1, 4, 2, 3)), array) is None
    square = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
    assert matched(value("t", (1, 2, 2, 2)), square, channels_last=True) is None, "either could be meant"


def test_stored_numbers_become_real_ones_where_both_store_alike() -> None:
    graph = value("t", (2,), DType("qint8", 0.5, 3))
    (got,) = matched(graph, np.array([3, 5], np.int8)) or []
    assert got.tolist() == [0.0, 1.0]
    assert matched(graph, np.array([3, 5], np.uint8)) is None
    (got,) = matched(graph, np.array([0.25, 1.0])) or []
    assert got.tolist() == [0.25, 1.0]


def test_what_one_run_gives_is_what_the_next_one_reads() -> None:
    engine = open_engine("onnx", MODELS / "silero_vad" / "silero_vad.onnx")
    frame = np.zeros((2, 1, 576), np.float32)
    memory = [Memory("state", 1, np.zeros((2, 1, 128), np.float32))]
    first, second = run_cases(engine, {"input": frame}, {"sr": 16000}, memory)
    assert not np.array_equal(first.outputs[1], second.outputs[1])
