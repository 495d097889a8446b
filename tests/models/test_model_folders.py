"""Every folder of models/ is complete, licensed, and says what MegEngine says."""

from pathlib import Path

import numpy as np
import pytest
from mgecc.config import ModelConfig, load_cases, load_config
from mgecc.export import reference_cases
from mgecc.frontends.mge import read_mge

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
    assert len(FOLDERS) >= 10


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


def test_cases_fit_the_model_file(config: ModelConfig) -> None:
    model = read_mge(config.model.read_bytes())
    inputs, expected = recorded(config)
    assert sorted(item.name for item in model.inputs) == sorted(inputs)
    for item in model.inputs:
        assert inputs[item.name].shape[1:] == tuple(item.tensor.shape)
        assert inputs[item.name].dtype == item.tensor.dtype.name
    assert len(model.outputs) == len(expected)


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
    value = recorded(config)[0][config.preprocess.input]
    assert value.shape[1:] == (1, config.preprocess.channels, *config.preprocess.size)


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


def test_expected_outputs_are_megengines(config: ModelConfig) -> None:
    pytest.importorskip("megengine", reason="MegEngine (Python <= 3.10) is not installed")
    inputs, expected = recorded(config)
    found = reference_cases(config.model, inputs)
    assert len(found) == len(expected)
    for k, value in enumerate(found):
        want = expected[f"out.{k}"]
        assert value.dtype == want.dtype
        exact = config.verify.max_steps > 0  # int8 arithmetic is the same everywhere
        limit = 0.0 if exact else 2e-6 * float(np.abs(want).max())
        np.testing.assert_allclose(value, want, rtol=0, atol=limit)
