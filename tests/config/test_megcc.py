"""MegCC's JSON configurations are read as they are, and mistakes in them are told with their place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mgecc.config import ConfigError, LibraryConfig, is_megcc, load_megcc

FULL: dict[str, Any] = {
    "@comment": "as MegCC's examples have them",
    "dump_dir": "./dump/",
    "models": [
        {
            "@note": {"unknown": 1},
            "model_name": "det",
            "model_path": "a.b.mge",
            "input_shape_str": "data=(1,3,64,64);aux=(1, 4)",
            "enable_nchw44": True,
            "enable_compress_fp16": True,
            "mgb_fuse_kernel": True,
            "add_nhwc2nchw_to_input": True,
        },
        {
            "model_path": "second.mge",
            "input_shape_str": "x=(2,5):x=(4,5)",
            "extern_opr_output_shape": "npu=(2,3);(4):other=(1)",
            "extern_opr_output_dtype": "npu=float32;int32",
            "extern_opr_loader_path_with_interface": "lib.so:init",
        },
    ],
    "cv": {"resize_linear": ["ui8"], "flip": ["ui8"]},
}


def written(folder: Path, value: Any) -> Path:
    for name in ("a.b.mge", "second.mge"):
        (folder / name).write_bytes(b"")
    path = folder / "config.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent="\t"))
    return path


def loaded(folder: Path, value: Any) -> LibraryConfig:
    return load_megcc(written(folder, value))


def problems(folder: Path, **changes: Any) -> list[str]:
    model = {"model_path": "second.mge", **changes}
    with pytest.raises(ConfigError) as caught:
        loaded(folder, {"models": [model]})
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_everything_that_megcc_knows_is_read(tmp_path: Path) -> None:
    library = loaded(tmp_path, FULL)
    first, second = library.models
    assert (library.name, library.dump_dir) == ("config", tmp_path / "dump")
    assert (first.name, first.model) == ("det", tmp_path / "a.b.mge")
    assert {k: v.shape for k, v in first.inputs.items()} == {"data": (1, 3, 64, 64), "aux": (1, 4)}
    assert first.options == {"enable_compress_fp16": True, "add_nhwc2nchw_to_input": True}
    assert (second.name, second.inputs) == ("second", {})
    assert second.input_shapes == ({"x": (2, 5)}, {"x": (4, 5)})
    assert second.custom["npu"].outputs == (("float32", (2, 3)), ("int32", (4,)))
    assert second.custom["other"].outputs == (("float32", (1,)),)
    assert library.cv == (("flip", "ui8"), ("resize_linear", "ui8"))


@pytest.mark.parametrize(
    ("text", "sets"),
    [
        ("x=(2 5)", [{"x": (2, 5)}]),
        ("x=(2, 5),", None),
        (" x = ( 2 ,5 ) ; y=(3) ;", [{"x": (2, 5), "y": (3,)}]),
        ("x=(2,5):", [{"x": (2, 5)}]),
        (":x=(2,5) : : x=(4,5);", [{"x": (2, 5)}, {"x": (4, 5)}]),
        ("x=(2,5)\t:\tx=(4\t5)", [{"x": (2, 5)}, {"x": (4, 5)}]),
        ("a:0=(1):a:0=(2)", [{"a:0": (1,)}, {"a:0": (2,)}]),
        ("x=(2,5) y=(3)", None),
        ("x=()", None),
        ("x=(,)", None),
        ("x=2,5", None),
        ("x=(2,5)(3)", None),
        ("x=(1,1,1,1,1,1,1,1)", None),
        ("=(2,5)", None),
        ("  ", []),
    ],
)
def test_shapes_are_split_as_megcc_splits_them(
    text: str, sets: list[dict[str, tuple[int, ...]]] | None, tmp_path: Path
) -> None:
    if sets is None:
        (problem,) = problems(tmp_path, input_shape_str=text)
        assert "input shapes are written 'name=(1,3,224,224);other=(2,3)'" in problem
        return
    config = loaded(tmp_path, {"models": [{"model_path": "second.mge", "input_shape_str": text}]}).models[0]
    found = [{key: value.shape for key, value in config.inputs.items()}] if config.inputs else []
    assert [*config.input_shapes, *found] == sets


@pytest.mark.parametrize(
    ("shape", "dtype", "outputs"),
    [
        ("(1,10)", "", {"ExternCOprRunner": (("float32", (1, 10)),)}),
        ("(1 10);(4)", "float32; int32", {"ExternCOprRunner": (("float32", (1, 10)), ("int32", (4,)))}),
        ("", "uint8;int16", {"ExternCOprRunner": (("uint8", None), ("int16", None))}),
        ("npu=(1,10)", "float16", {"npu": (("float16", (1, 10)),)}),
        ("(1,10)", "npu=float16", {"npu": (("float16", (1, 10)),)}),
        (
            "a=(1);(2):b=(3)",
            "float32;int32:uint8",
            {"a": (("float32", (1,)), ("int32", (2,))), "b": (("uint8", (3,)),)},
        ),
        ("a=(1):b=(3)", "b=uint8", {"a": (("float32", (1,)),), "b": (("uint8", (3,)),)}),
    ],
)
def test_results_of_loaders_are_written_as_megcc_has_them(
    shape: str, dtype: str, outputs: dict[str, Any], tmp_path: Path
) -> None:
    model = {"model_path": "second.mge", "extern_opr_output_shape": shape, "extern_opr_output_dtype": dtype}
    (config,) = loaded(tmp_path, {"models": [model]}).models
    assert {key: entry.outputs for key, entry in config.custom.items()} == outputs


def test_explanations_in_megccs_own_template_are_comments(tmp_path: Path) -> None:
    model = {"model_path@": "[Required], specify the input model path", "model_path": "second.mge"}
    library = loaded(tmp_path, {"dump_dir@": "x", "models": [model], "cv@": "y", "cv": {"flip": []}})
    assert (library.cv, library.notes) == ((), ())


def test_a_configuration_may_have_image_functions_and_no_models(tmp_path: Path) -> None:
    for models in ({}, {"models": []}):
        library = loaded(tmp_path, {"dump_dir": "o", "cv": {"flip": ["ui8"]}, **models})
        assert (library.models, library.cv, library.optimize) == ((), (("flip", "ui8"),), "speed")


@pytest.mark.parametrize("value", [{"dump_dir": "o"}, {"dump_dir": "o", "models": [], "cv": {}}])
def test_a_configuration_of_nothing_is_refused(value: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there are neither 'models' nor functions below 'cv'"):
        loaded(tmp_path, value)


def test_what_has_no_effect_is_said_in_one_line_each(tmp_path: Path) -> None:
    notes = [note.removeprefix(f"{tmp_path}/config.json:") for note in loaded(tmp_path, FULL).notes]
    assert [note.split("'")[1] for note in notes] == [
        "enable_nchw44", "mgb_fuse_kernel", "extern_opr_loader_path_with_interface",
    ]  # fmt: skip
    assert notes[0] == "12:4: 'enable_nchw44' has no effect: layouts are chosen by cost, layer by layer"


def test_an_unknown_key_is_an_error_with_the_nearest_name_and_its_place(tmp_path: Path) -> None:
    text = '{\n "models": [\n  {"model_path": "second.mge",\n   "enable_nchw4": true}],\n "model": []\n}'
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    assert [str(p).removeprefix(f"{tmp_path}/") for p in caught.value.problems] == [
        "config.json:4:4: unknown key 'enable_nchw4'; did you mean 'enable_nchw44'?",
        "config.json:5:2: unknown key 'model'; did you mean 'models'?",
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_path": "none.mge"}, "there is no file 'none.mge'"),
        ({"model_name": "a b"}, "'a b' cannot be a C name"),
        ({"input_shape_str": "data=1,3"}, "input shapes are written 'name=(1,3,224,224);other=(2,3)'"),
        ({"enable_ioc16": "yes"}, "must be true or false"),
        ({"extern_opr_output_shape": "a=(1,x)"}, "is not a shape"),
        (
            {"extern_opr_output_shape": "a=(1)", "extern_opr_output_dtype": "a=float32;int32"},
            "1 shapes and 2",
        ),
        ({"extern_opr_output_dtype": "a=float23"}, "unknown element type 'float23'"),
        ({"input_shape_str": "x=(1);x=(2)"}, "the shape of 'x' is given twice"),
        ({"input_shape_str": "x=(99999999999)"}, "99999999999 is no size"),
        ({"extern_opr_output_shape": "a=()"}, "'()' is not a shape"),
        ({"extern_opr_output_shape": "(1):(2)"}, "the loader's name is missing"),
        (
            {"extern_opr_output_shape": "a=(1):b=(2)", "extern_opr_output_dtype": "int32"},
            "the element types are those of 1 loaders, the shapes those of 2",
        ),
    ],
)
def test_mistakes_are_told(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, **changes)
    assert problem.startswith("config.json:") and said in problem


def test_two_models_cannot_have_one_name(tmp_path: Path) -> None:
    same = {"model_path": "second.mge"}
    with pytest.raises(ConfigError, match="two models are called 'second'"):
        loaded(tmp_path, {"models": [same, same]})


def test_image_functions_are_checked_like_those_of_a_model_yaml(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'resize_linear'"):
        loaded(tmp_path, {"models": [{"model_path": "second.mge"}], "cv": {"resize_liner": ["ui8"]}})


def test_a_model_yaml_written_as_json_is_told_apart(tmp_path: Path) -> None:
    other = tmp_path / "model.json"
    other.write_text('{"model": "x.mge"}')
    assert is_megcc(written(tmp_path, FULL))
    assert not is_megcc(other)
