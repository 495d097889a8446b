"""Image functions are generated when a configuration names them, and only those."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from mgecc import compiler
from mgecc.config import ConfigError, load_config, load_megcc
from mgecc.config.schema import SCHEMA_FILE
from mgecc.cv import cv_c, cv_functions, cv_h, find_cv_functions
from mgecc.names import output_names
from mgecc.targets import load_target, load_toolchain
from mgecc.toolrun.library import build_library
from mgecc.toolrun.products import compile_to_folder
from mgecc.toolrun.sources import include_folder

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "digits" / "digits.mge"


def config_file(folder: Path, cv: str) -> Path:
    shutil.copy(MODEL, folder / "digits.mge")
    path = folder / "model.yaml"
    path.write_text(f"model: digits.mge\nname: digits\n{cv}")
    return path


def defined(text: str) -> list[str]:
    return re.findall(r"^mgecc_cv_status (\w+)\(", text, re.MULTILINE)


def test_there_are_the_functions_of_the_schema_and_no_others() -> None:
    schema = json.loads(SCHEMA_FILE.read_text())
    known = schema["properties"]["cv"]["properties"]
    pairs = {
        (n, d)
        for n, k in known.items()
        for d in schema["$defs"][k["$ref"].rpartition("/")[2]]["items"]["enum"]
    }
    assert pairs == set(cv_functions())
    assert len(pairs) == 23


@pytest.mark.parametrize("key", cv_functions(), ids="-".join)
def test_one_name_gives_one_function(key: tuple[str, str]) -> None:
    symbol = f"mgecc_cv_{key[0]}_{key[1]}"
    for target in ("baremetal", "x86_64"):
        assert defined(cv_c([key], load_target(target))) == [symbol]
    assert re.findall(r"MGECC_API mgecc_cv_status (\w+)\(", cv_h([key], "net")) == [symbol]


def test_order_and_repetition_in_a_configuration_do_not_matter() -> None:
    keys = list(cv_functions())
    target = load_target("arm64")
    assert cv_c(keys, target) == cv_c([*reversed(keys), *keys], target)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (("resize_linar", "ui8"), "there is no image function resize_linar; did you mean resize_linear?"),
        (("rotate", "f32"), "the image function rotate exists for f16, ui8, not for f32"),
    ],
)
def test_an_unknown_function_is_an_error_with_the_nearest(key: tuple[str, str], said: str) -> None:
    with pytest.raises(KeyError, match=re.escape(said)):
        find_cv_functions([key])


@pytest.mark.parametrize(
    ("cv", "said"),
    [
        ("cv: {resize_linar: [ui8]}\n", "3:6: unknown key 'resize_linar'; did you mean 'resize_linear'?"),
        ("cv: {rgb2bgr: [f32]}\n", "3:16: 'cv.rgb2bgr.0' cannot be \"f32\"; known are ui8"),
        ("cv: {rgb2bgr: []}\n", "3:15: 'cv.rgb2bgr' must have 1 or more entries, not []"),
        ("cv: [rgb2bgr]\n", "3:5: 'cv' must be a mapping, not [\"rgb2bgr\"]"),
    ],
)
def test_mistakes_in_a_configuration_are_told_with_their_place(cv: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        load_config(config_file(tmp_path, cv))


@pytest.mark.parametrize("target", ["x86_64", "arm64v7"])
def test_names_of_files_are_known_beforehand(target: str, tmp_path: Path) -> None:
    for cv in ("", "cv: {rgb2bgr: [ui8], rotate: [ui8, f16]}\n"):
        config = load_config(config_file(tmp_path, cv))
        products = compiler.compile_model(config, target)
        assert sorted(products.files) == sorted(output_names("digits", target, cv=bool(cv)))
        assert any(name.endswith("_cv.h") for name in products.files) == bool(cv)


def test_the_library_exports_what_the_configuration_names(tmp_path: Path) -> None:
    config = load_config(config_file(tmp_path, "cv: {rgb2bgr: [ui8], resize_linear: [f32]}\n"))
    target = load_target("x86_64")
    compile_to_folder(config, "x86_64", "", tmp_path / "out")
    (library,) = build_library(tmp_path / "out", config, target, "zig")
    if shutil.which("nm") is None:
        pytest.skip("nm is not installed")
    said = subprocess.run(
        ["nm", "-D", "--defined-only", library.archive.with_suffix(".so")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.findall(r"mgecc_cv_\w+", said.stdout) == ["mgecc_cv_resize_linear_f32", "mgecc_cv_rgb2bgr_ui8"]


def test_headers_and_sources_of_two_models_go_together(tmp_path: Path) -> None:
    if shutil.which("gcc") is None or shutil.which("g++") is None:
        pytest.skip("gcc is not installed")
    keys = list(cv_functions())
    for name in ("one", "two"):
        (tmp_path / f"{name}_cv.h").write_text(cv_h(keys, name))
        (tmp_path / f"{name}_cv.c").write_text(cv_c(keys, load_target("x86_64", "v2")))
    (tmp_path / "user.cc").write_text(
        '#include "one_cv.h"\n#include "two_cv.h"\n'
        "int main() { return mgecc_cv_rgb2bgr_ui8(nullptr, nullptr) != MGECC_CV_E_NULL; }\n"
    )
    for name in ("one", "two"):
        compile_c = [
            "gcc",
            "-std=c99",
            "-O1",
            "-march=x86-64-v2",
            f"-I{include_folder()}",
            "-c",
            f"{name}_cv.c",
        ]
        subprocess.run(compile_c, cwd=tmp_path, check=True)
    link = [
        "g++",
        "-Wall",
        "-Wextra",
        "-Werror",
        f"-I{include_folder()}",
        "user.cc",
        "one_cv.o",
        "two_cv.o",
        "-o",
        "user",
    ]
    subprocess.run(link, cwd=tmp_path, check=True)
    subprocess.run([tmp_path / "user"], check=True)


def test_the_guide_lists_every_function() -> None:
    text = (ROOT / "docs" / "cv.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|", text, re.MULTILINE)
    assert {(name, dtype) for name, dtypes in rows for dtype in dtypes.split(", ")} == set(cv_functions())


def test_a_configuration_of_megcc_names_them_in_the_same_way(tmp_path: Path) -> None:
    config_file(tmp_path, "")
    models = [{"model_name": "digits", "model_path": "digits.mge"}]
    text = {"dump_dir": "out", "models": models, "cv": {"@cv": "images", "rotate": ["ui8", "f16"]}}
    (tmp_path / "app.json").write_text(json.dumps(text))
    assert load_megcc(tmp_path / "app.json").cv == (("rotate", "f16"), ("rotate", "ui8"))
    text["cv"] = {"rotat": ["ui8"]}
    (tmp_path / "app.json").write_text(json.dumps(text))
    with pytest.raises(ConfigError, match="rotat.*did you mean 'rotate'"):
        load_megcc(tmp_path / "app.json")


@pytest.mark.parametrize("target", ["x86_64", "arm64"])
def test_nothing_is_called_but_memcpy_and_memset(target: str, tmp_path: Path) -> None:
    tools = load_toolchain("zig", load_target(target))
    if shutil.which("nm") is None:
        pytest.skip("nm is not installed")
    source, obj = tmp_path / "all_cv.c", tmp_path / "all_cv.o"
    source.write_text(cv_c(cv_functions(), load_target(target)))
    subprocess.run(tools.compile_args(source, obj, [include_folder()]), check=True)
    said = subprocess.run(["nm", "-u", obj], capture_output=True, text=True, check=True).stdout
    assert set(said.split()) - {"U"} <= {"memcpy", "memset"}
