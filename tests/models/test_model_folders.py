"""Every folder of models/ is complete, licensed, and says what the engine it comes from says."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
from mgecc import cli, export, export_onnx
from mgecc.config import ModelConfig, load_cases, load_config
from mgecc.lowering import load_graph

MODELS = Path(__file__).parents[2] / "models"
FOLDERS = sorted(path.parent for path in MODELS.glob("*/model.yaml"))


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def config(request: pytest.FixtureRequest) -> ModelConfig:
    return load_config(request.param / "model.yaml")


def recorded(config: ModelConfig) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    assert config.verify.inputs and config.verify.expected
    inputs, expected = load_cases(config.verify.inputs), load_cases(config.verify.expected)
    return {key[3:]: value for key, value in inputs.items() if key.startswith("in.")}, expected


def test_there_are_models() -> None:
    assert len(FOLDERS) >= 17


def test_names_and_texts_are_given(config: ModelConfig) -> None:
    assert config.name == config.folder.name == config.model.stem
    assert config.description and config.licence
    assert (config.folder / "README.md").is_file()
    assert list(config.folder.glob("LICENSE*"))


def test_cases_are_stacked_and_finite(config: ModelConfig) -> None:
    inputs, expected = recorded(config)
    assert sorted(expected) == [f"out.{k}" for k in range(len(expected))]
    counts = {len(value) for value in (*inputs.values(), *expected.values())}
    assert len(counts) == 1 and counts.pop() > 0
    for value in (*inputs.values(), *expected.values()):
        assert value.ndim >= 3 and np.isfinite(value).all()
        assert value.any(), "numbers that are all zero show nothing"


def test_cases_fit_the_model_file(config: ModelConfig) -> None:
    graph = load_graph(config)
    inputs, expected = recorded(config)
    taken = {value.name: value.type for value in graph.given_inputs}
    assert sorted(taken) == sorted(inputs)
    for name, wanted in taken.items():
        form = config.inputs.get(name)
        assert inputs[name].shape[1:] == wanted.shape
        assert inputs[name].dtype == (form.dtype if form and form.dtype else wanted.dtype.numpy)
    assert len(graph.results) == len(expected)


def test_labels_fit_the_output(config: ModelConfig) -> None:
    if config.labels is None:
        assert config.verify.top is None
        return
    _, expected = recorded(config)
    labels = config.labels.read_text(encoding="utf-8").splitlines()
    assert len(labels) == expected["out.0"].shape[-1] and all(labels)


def test_preprocess_fits_the_input(config: ModelConfig) -> None:
    if config.preprocess is None:
        assert recorded(config)[0].popitem()[1].shape[-3:-2] != (3,)
        return
    how = config.preprocess
    one = (*how.size, how.channels) if how.layout == "NHWC" else (how.channels, *how.size)
    assert recorded(config)[0][how.input].shape[1:] == (1, *one)


def test_classifiers_are_right_on_their_cases() -> None:
    for name, least in (("digits", 0.95), ("digits_int8", 0.95), ("mnist", 0.99), ("mnist_int8", 0.99)):
        truth = load_cases(MODELS / name / "inputs.npz")["label"]
        best = load_cases(MODELS / name / "expected.npz")["out.0"][:, 0].argmax(axis=1)
        assert (best == truth).mean() >= least, name


def test_the_cat_is_a_cat() -> None:
    for name in ("mobilenet", "mobilenet_int8"):
        labels = (MODELS / name / "labels.txt").read_text(encoding="utf-8").splitlines()
        logits = load_cases(MODELS / name / "expected.npz")["out.0"]
        assert [labels[i].lower() for i in logits[:, 0].argmax(axis=1)] == ["egyptian cat", "espresso"]


def test_the_line_of_text_is_read() -> None:
    properties = onnx.load(MODELS / "ppocr_rec" / "ppocr_rec.onnx").metadata_props
    characters = next(row.value for row in properties if row.key == "character").splitlines()
    best = load_cases(MODELS / "ppocr_rec" / "expected.npz")["out.0"][0, 0].argmax(axis=1)
    changes = [k for k, before in zip(best, [0, *best[:-1]]) if k not in (0, before)]
    assert "".join(["", *characters, " "][k] for k in changes) == "Firmware 4.7"


def test_persons_speech_and_words_are_found() -> None:
    def outputs(name: str) -> np.ndarray:
        return load_cases(MODELS / name / "expected.npz")["out.0"]

    assert outputs("person_detection")[:, 0].argmax(axis=1).tolist() == [0, 0, 1, 1]
    assert (outputs("silero_vad").reshape(-1) > 0.5).tolist() == [False] * 21 + [True] * 3
    assert np.flatnonzero(outputs("okay_nabu") > 0.85 * 255).tolist() == list(range(57, 73))
    assert outputs("tiny_resnet")[:2, 0].argmax(axis=1).tolist() == [3, 8]


@pytest.mark.parametrize("folder", [f for f in FOLDERS if not list(f.glob("*.mge"))], ids=lambda f: f.name)
def test_libraries_of_other_formats_give_the_expected_outputs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target = "baremetal" if list(folder.glob("*.tflite")) else "arm64"
    assert cli.main(["verify", str(folder), "--target", target]) == 0


def megengine_outputs(config: ModelConfig, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    pytest.importorskip("megengine", reason="MegEngine (Python <= 3.10) is not installed")
    return export.reference_cases(config.model, inputs)


def runtime_outputs(config: ModelConfig, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    if config.state:
        pytest.skip("a stream, which scripts/make_*.py records")
    return export_onnx.reference_cases(config.model, inputs, config.bind)


def micro_outputs(config: ModelConfig, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro", reason="it is not installed").runtime
    interpreter, found = runtime.Interpreter.from_file(str(config.model)), []
    (cases,) = inputs.values()
    for case in cases:
        stored = case.astype(interpreter.get_input_details(0)["dtype"])
        interpreter.set_input(stored, 0)
        interpreter.invoke()
        found.append(interpreter.get_output(0).copy())
    return [np.stack(found)]


REFERENCES: dict[str, Callable[[ModelConfig, Mapping[str, np.ndarray]], list[np.ndarray]]] = {
    ".mge": megengine_outputs,
    ".onnx": runtime_outputs,
    ".tflite": micro_outputs,
}


def test_expected_outputs_are_the_engines(config: ModelConfig) -> None:
    inputs, expected = recorded(config)
    found = REFERENCES[config.model.suffix](config, inputs)
    assert len(found) == len(expected)
    for k, value in enumerate(found):
        want = expected[f"out.{k}"]
        assert value.dtype == want.dtype
        exact = config.verify.max_steps > 0  # int8 arithmetic is the same everywhere
        limit = 0.0 if exact else 2e-6 * float(np.abs(want).max())
        np.testing.assert_allclose(value, want, rtol=0, atol=limit)
