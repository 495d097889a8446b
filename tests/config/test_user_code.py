"""What a model.yaml says of the user's own functions and kernels."""

from __future__ import annotations

from pathlib import Path

import pytest
from mgecc.config import ConfigError, ModelConfig, load_config


def loaded(folder: Path, text: str) -> ModelConfig:
    for name in ("m.mge", "npu.c", "soft.c", "soft.c.j2", "9.c"):
        (folder / name).write_bytes(b"")
    (folder / "model.yaml").write_text(f"name: net\nmodel: m.mge\n{text}")
    return load_config(folder / "model.yaml")


def test_functions_and_kernels_are_read(tmp_path: Path) -> None:
    text = "custom:\n  'npu:v2': {outputs: [{dtype: int8, shape: [2]}, {}]}\n  other: {function: run, source: npu.c}\n"
    config = loaded(tmp_path, text + "kernels: {Softmax: soft.c, Resize: soft.c.j2}\n")
    assert config.custom["npu:v2"].function == "npu"
    assert config.custom["npu:v2"].outputs == (("int8", (2,)), ("float32", None))
    assert (config.custom["other"].function, config.custom["other"].source) == ("run", tmp_path / "npu.c")
    assert config.kernels == {"Resize": tmp_path / "soft.c.j2", "Softmax": tmp_path / "soft.c"}
    assert config.sources == [tmp_path / "npu.c", tmp_path / "soft.c"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("custom: {a: {source: none.c}}", "3:22: there is no file 'none.c'"),
        ("custom: {a: {source: npu.cc}}", "must be a path of a .c file"),
        ("custom: {a: {outputs: [{dtype: float}]}}", "did you mean 'float32'"),
        ("custom: {a: {output: []}}", "unknown key 'output'; did you mean 'outputs'?"),
        ("custom: {9a: {}}", "'9a' cannot be a C name"),
        ("custom: {a: {function: int}}", "'int' is a reserved word"),
        ("kernels: {Softmax: none.c}", "there is no file 'none.c'"),
        ("kernels: {Softmax: npu.cpp}", "must be a path of a .c or .c.j2 file"),
        ("kernels: {Softmax: 9.c}", "the function is called like the file"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text + "\n")
    (problem, *_) = caught.value.problems
    assert said in str(problem) and "model.yaml:3:" in str(problem)
