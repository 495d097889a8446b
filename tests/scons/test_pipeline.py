"""Several models in one library, and image functions in one of their own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from .conftest import ROOT, Checkout

CORPUS = ROOT / "tests" / "data" / "mge-corpus"
HEAD = f"""
env = Environment(tools=["mgecc"], toolpath=[{str(ROOT / "site_scons" / "site_tools")!r}])
"""
PIPELINE = """
configs = ["one/model.yaml", "two/model.yaml", "softmax.mge"]
pipeline = env.MgePipeline("vision", models=configs, target="x86_64")
app = env.MgeFirmware("app", ["main.c"], models=[pipeline])
archive = env.MgeRelease("vision-1.0", [pipeline, app])
assert list(pipeline.headers) == list(pipeline.blobs) == ["one", "second", "softmax"]
assert [str(node) for node in pipeline.lib] == ["build/x86_64/vision/libvision.a"], pipeline.lib
"""
MAIN = """#include "one.h"
#include "port.h"
#include "second.h"
#include "softmax.h"
int mg_main(int argc, char **argv)
{
    static MGECC_ALIGNED unsigned char arena[3][1 << 20];
    mgecc_model m[3];
    (void)argc, (void)argv;
    if (one_open(&m[0], arena[0], sizeof arena[0]) == MGECC_OK
        && second_open(&m[1], arena[1], sizeof arena[1]) == MGECC_OK
        && softmax_open(&m[2], arena[2], sizeof arena[2]) == MGECC_OK)
        mg_port_print("three models\\n");
    return 0;
}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Checkout:
    """Two models with equal layers and one beside them."""
    for folder, more in (("one", ""), ("two", "name: second\n")):
        (tmp_path / folder).mkdir()
        shutil.copy(CORPUS / "conv2d.mge", tmp_path / folder)
        (tmp_path / folder / "model.yaml").write_text(f"model: conv2d.mge\n{more}cv: {{rotate: [ui8]}}\n")
    shutil.copy(CORPUS / "softmax.mge", tmp_path)
    (tmp_path / "main.c").write_text(MAIN)
    return Checkout(tmp_path)


def test_models_of_a_pipeline_share_one_library(tree: Checkout) -> None:
    (tree.root / "SConstruct").write_text(HEAD + PIPELINE)
    said = tree.scons("-Q")
    assert said.count("MGE ") == 1 and "vision_cv.o" in said
    folder = tree.root / "build" / "x86_64" / "vision"
    report = json.loads((folder / "report.json").read_text())
    assert len(report["models"]) == 3
    kernels = (folder / "vision_kernels.c").read_text()
    first, second = (
        kernels.partition(f"{name}_table[] = {{")[2].partition("}")[0] for name in ("one", "second")
    )
    assert first == second and first.count("mgk_") >= 2
    shared = [word.strip(" ,") for word in first.split() if word.startswith("mgk_")]
    assert [len(re.findall(rf" {symbol}\([^)]*\)\n", kernels)) for symbol in shared] == [1] * len(shared)
    ran = subprocess.run([tree.root / "build/x86_64/app/app.elf"], capture_output=True, check=False)
    assert ran.stdout == b"three models\n"
    with tarfile.open(tree.root / "build" / "release" / "vision-1.0.tar") as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "lib/libvision.a",
        "include/second.h",
        "include/vision_cv.h",
        "share/softmax/softmax.blob",
    } <= names
    assert tree.scons("-Q").splitlines() == ["scons: `.' is up to date."]


def test_a_changed_model_of_a_pipeline_is_compiled_again(tree: Checkout) -> None:
    text = PIPELINE.replace("x86_64", "armv7").partition("app =")[0]
    (tree.root / "SConstruct").write_text(HEAD + text)
    tree.scons("-Q")
    shutil.copy(CORPUS / "clip_rewritten.mge", tree.root / "two" / "conv2d.mge")
    said = tree.scons("-Q")
    assert "vision_kernels.o" in said and "second_blob.o" in said
    assert "one_blob.o" not in said and "vision_cv.o" not in said


def test_a_pipeline_needs_models_that_can_be_told_apart(tree: Checkout) -> None:
    shutil.copytree(tree.root / "one", tree.root / "other" / "one")
    (tree.root / "SConstruct").write_text(
        HEAD + 'env.MgePipeline("v", ["one/model.yaml", "other/one/model.yaml"], target="arm64")\n'
    )
    assert "two models are called 'one'" in tree.scons("-Q", status=2)
    (tree.root / "two" / "model.yaml").write_text("model: conv2d.mge\noptimize: size\n")
    (tree.root / "SConstruct").write_text(
        HEAD + 'env.MgePipeline("v", ["one/model.yaml", "two/model.yaml"], target="arm64")\n'
    )
    assert "its models ask for size and speed" in tree.scons("-Q", status=2)


CV = """
functions = {"rotate": "ui8", "resize_linear": ["ui8", "f32"]}
images = env.MgeCv("camera", functions=functions, target="x86_64")
env.MgeFirmware("app", ["main.c"], images)
"""
CV_MAIN = """#include "camera_cv.h"
#include "port.h"
int mg_main(int argc, char **argv)
{
    uint8_t from[6] = {1, 2, 3, 4, 5, 6}, to[6] = {0};
    mgecc_image src = {from, 2, 3, 1, 3, MGECC_UINT8}, dst = {to, 3, 2, 1, 2, MGECC_UINT8};
    (void)argc, (void)argv;
    if (mgecc_cv_rotate_ui8(&src, &dst, 1) == MGECC_CV_OK)
        mg_port_print(to[0] == 4 && to[5] == 3 ? "turned\\n" : "wrong\\n");
    return 0;
}
"""


def test_image_functions_are_a_library_without_a_model(tree: Checkout) -> None:
    (tree.root / "main.c").write_text(CV_MAIN)
    (tree.root / "SConstruct").write_text(HEAD + CV)
    said = tree.scons("-Q")
    assert said.count("MGE ") == 1 and "crc32" not in said
    folder = tree.root / "build" / "x86_64" / "camera_cv"
    assert {"libcamera_cv.a", "camera_cv.h", "camera_cv.c", "mgecc.h", "mgecc_cv.h"} <= {
        path.name for path in folder.iterdir()
    }
    ran = subprocess.run([tree.root / "build/x86_64/app/app.elf"], capture_output=True, check=False)
    assert ran.stdout == b"turned\n"
    assert tree.scons("-Q").splitlines() == ["scons: `.' is up to date."]
    (tree.root / "SConstruct").write_text(HEAD + CV.replace('["ui8", "f32"]', '"ui8"'))
    assert "camera_cv.o" in tree.scons("-Q")


def test_an_image_function_that_there_is_not_is_named(tree: Checkout) -> None:
    (tree.root / "SConstruct").write_text(HEAD + CV.replace('"rotate"', '"rotat"').partition("env.MgeF")[0])
    assert "there is no image function rotat; did you mean rotate?" in tree.scons("-Q", status=2)
    (tree.root / "SConstruct").write_text(HEAD + 'env.MgeCv("camera", ["rotate"], target="arm64")')
    assert "functions are written like" in tree.scons("-Q", status=2)
