"""Inputs in the form the application has them: the same results as the float network on the converted input."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from batches import selected_cases, session_in_batch
from mgecc import cli
from mgecc.compiler import compile_model
from mgecc.config import ConfigError, InputConfig, ModelConfig, Preprocess, Verify, load_config, save_cases
from mgecc.graph import CompileError
from mgecc.interpret import run
from mgecc.lowering import input_forms, load_graph
from mgecc.targets import load_target
from mgecc.toolrun.pictures import in_form
from mgecc.toolrun.verify import verify

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"
TARGETS = ("x86_64", "arm64", "armv7", "baremetal")
RGB = {"mean": (123.7, 116.3, 103.5), "std": (58.4, 57.1, 57.4)}
# The first convolution of net_mobilenet pads, that of net_lenet (one channel) does not.
CASES = {
    "camera": ("net_mobilenet", InputConfig(dtype="uint8", layout="NHWC", **RGB)),
    "bytes": ("net_mobilenet", InputConfig(dtype="uint8")),
    "floats_last": ("net_mobilenet", InputConfig(layout="NHWC", **RGB)),
    "one_for_all": ("net_mobilenet", InputConfig(dtype="int8", scale=0.5, mean=(4.0,))),
    "grey": ("net_lenet", InputConfig(dtype="uint8", layout="NHWC", mean=(33.3,), std=(78.6,))),
    "half": ("net_lenet", InputConfig(dtype="float16", layout="NHWC", std=(255.0,))),
}


def config(name: str, form: InputConfig) -> ModelConfig:
    path = CORPUS / f"{name}.mge"
    return ModelConfig(path, name, path, inputs={"data": form})


def given(shape: tuple[int, ...], form: InputConfig) -> np.ndarray:
    n, c, h, w = shape
    dtype = np.dtype(form.dtype or "float32")
    low, high = (-128, 128) if dtype == np.int8 else (0, 256)
    shape = (n, h, w, c) if form.layout == "NHWC" else shape
    return np.random.default_rng(5).integers(low, high, shape).astype(dtype)


def expected(name: str, array: np.ndarray, form: InputConfig) -> list[np.ndarray]:
    """The network as the file has it, on the input converted here."""
    path = CORPUS / f"{name}.mge"
    real = array.astype(np.float64)
    real = real.transpose(0, 3, 1, 2) if form.layout == "NHWC" else real
    mean, std = (np.reshape(v or d, (-1, 1, 1)) for v, d in ((form.mean, [0.0]), (form.std, [1.0])))
    converted = ((real * form.scale - mean) / std).astype(np.float32)
    return run(load_graph(ModelConfig(path, name, path)), {"data": converted})


def named(case: str) -> ModelConfig:
    return replace(config(*CASES[case]), name=case)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", sorted(CASES))
def test_the_network_gets_what_it_was_trained_with(
    case: str, target: str, request: pytest.FixtureRequest, shared_folder: Path
) -> None:
    (name, form), made = CASES[case], named(case)
    array = given(load_graph(made).inputs[0].shape, form)
    arrays = {"in.data": array} | {f"out.{k}": o for k, o in enumerate(expected(name, array, form))}
    others = [named(params["case"]) for params in selected_cases(request, target)]
    session = session_in_batch(made, others, load_target(target), shared_folder)
    results = verify(session, arrays, arrays, Verify(max_abs_of_peak=1e-4))
    assert session.interface.inputs[0].shape == array.shape
    assert all(error.ok for errors in results.values() for error in errors), results


@pytest.mark.parametrize("case", sorted(CASES))
def test_references_get_the_same_input(case: str) -> None:
    name, form = CASES[case]
    made = config(name, form)
    graph = load_graph(made)
    array = given(graph.inputs[0].shape, form)
    converted = input_forms(made, graph)["data"].to_network(array[None], graph.inputs[0].type.dtype)
    (got,) = run(graph, {"data": converted[0]})
    np.testing.assert_allclose(got, expected(name, array, form)[0], rtol=0, atol=1e-5)


def layers(name: str, form: InputConfig) -> list[str]:
    calls = compile_model(config(name, form), "arm64").programs[0].calls
    return [call.kernel.symbol.split("_")[0] for call in calls][:4]


def test_normalisation_costs_no_call_where_nothing_is_padded() -> None:
    plain = InputConfig(dtype="uint8")
    assert layers(*CASES["grey"]) == layers("net_lenet", plain)


def test_the_header_has_the_application_s_type_and_shape() -> None:
    text = compile_model(config(*CASES["camera"]), "arm64").files["net_mobilenet.h"].decode()
    assert "#define NET_MOBILENET_INPUT_DATA_SHAPE {1, 32, 32, 3}" in text
    assert "uint8_t *net_mobilenet_input_data(" in text


@pytest.mark.parametrize(
    ("name", "inputs", "why"),
    [
        ("net_mobilenet", {"dat": InputConfig(dtype="uint8")}, "dat (input, configuration): the model has no"),
        ("net_mobilenet", {"data": InputConfig(mean=(1.0, 2.0))}, "2 numbers for mean or std do not fit the channels"),
        ("matmul", {"a": InputConfig(layout="NHWC")}, "only images of four axes have a layout"),
    ],
)  # fmt: skip
def test_what_cannot_be_converted_is_told(name: str, inputs: dict[str, InputConfig], why: str) -> None:
    path = CORPUS / f"{name}.mge"
    with pytest.raises(CompileError) as caught:
        compile_model(ModelConfig(path, name, path, inputs=inputs), "arm64")
    assert why in str(caught.value)


def written(folder: Path, text: str) -> Path:
    (folder / "net.mge").write_bytes((CORPUS / "net_lenet.mge").read_bytes())
    path = folder / "model.yaml"
    path.write_text(f"model: net.mge\nname: net\n{text}")
    return path


def test_model_yaml_gives_form_and_shapes_together(tmp_path: Path) -> None:
    form = InputConfig(dtype="uint8", layout="NHWC", mean=(33.3,), std=(78.6,))
    text = "inputs: {data: {dtype: uint8, layout: NHWC, mean: [33.3], std: [78.6]}}\n"
    path = written(tmp_path, text)
    assert load_config(path).inputs == {"data": form}
    array = given(load_graph(load_config(path)).inputs[0].shape, form)
    outputs = {f"out.{k}": o for k, o in enumerate(expected("net_lenet", array, form))}
    save_cases(tmp_path / "cases.npz", {"in.data": array} | outputs)
    files = ["--inputs", str(tmp_path / "cases.npz"), "--expected", str(tmp_path / "cases.npz")]
    assert cli.main(["verify", str(path), "--target", "x86_64", *files]) == 0


def test_mistakes_in_model_yaml_have_their_place(tmp_path: Path) -> None:
    path = written(tmp_path, "inputs:\n  data: {layout: NWHC, std: [1, 0], mean: [1, 2, 3]}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    said = [str(problem).partition("model.yaml:")[2] for problem in caught.value.problems]
    assert said == [
        "4:18: 'inputs.data.layout' cannot be \"NWHC\"; known are NCHW, NHWC",
        "4:29: 'mean' and 'std' have different numbers of channels",
        "4:33: 'std' must not be 0",
    ]


def test_pictures_become_what_the_application_gives() -> None:
    pixels = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    how = Preprocess("data", (2, 4), mean=(1.0, 2.0, 3.0), std=(2.0, 2.0, 2.0), scale=0.5)
    raw = in_form(pixels, how, InputConfig(dtype="uint8", layout="NHWC", mean=(1.0,)))
    assert raw.dtype == np.uint8 and np.array_equal(raw[0], pixels)
    plain = in_form(pixels, how, InputConfig())
    assert plain.shape == (1, 3, 2, 4) and plain.dtype == np.float32 and plain[0, 1, 0, 0] == (0.5 - 2) / 2


def test_the_page_about_inputs_says_what_is_generated(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "inputs.md").read_text()
    found = re.findall(r"```(\w+)\n(.*?)```", page.replace("```c\nstatic", "```use\nstatic"), re.DOTALL)
    blocks = dict(reversed(found))  # the first of each kind; those of bound inputs come behind
    (tmp_path / "net.mge").write_bytes((CORPUS / "net_shufflenet.mge").read_bytes())
    (tmp_path / "model.yaml").write_text(f"{blocks['yaml']}name: net\n")
    text = compile_model(load_config(tmp_path / "model.yaml"), "arm64").files["net.h"].decode()
    names = set(re.findall(r"\b(?:net|NET)_\w+", blocks["c"] + blocks["use"]))
    assert len(names) > 9 and {name for name in names if not re.search(rf"\b{name}\b", text)} == set()
    enumerators = re.findall(r"^ +NET_SHAPES.*$", blocks["c"], re.MULTILINE)
    assert len(enumerators) == 2 and all(line in text for line in enumerators)
