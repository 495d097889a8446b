"""Configurations with several models, and with the user's own C files, are built by the rules."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "data" / "mge-corpus"
SCONSTRUCT = """
env = Environment(tools=["mgecc"], toolpath=[{tools!r}])
nodes = env.MgeModel("{name}", config="{config}", target="arm64")
Default(nodes)
"""


def build(folder: Path, name: str, config: str) -> str:
    tools = str(ROOT / "site_scons" / "site_tools")
    (folder / "SConstruct").write_text(SCONSTRUCT.format(tools=tools, name=name, config=config))
    done = subprocess.run(
        [sys.executable, "-m", "SCons", "-Q"], cwd=folder, capture_output=True, text=True, check=False
    )
    return f"{done.returncode}\n{done.stdout}{done.stderr}"


def symbols(archive: Path) -> bytes:
    return archive.read_bytes()


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    for name in ("softmax", "conv2d"):
        shutil.copy(CORPUS / f"{name}.mge", tmp_path)
    models = [{"model_name": "one", "model_path": "softmax.mge"}, {"model_path": "conv2d.mge"}]
    (tmp_path / "pair.json").write_text(json.dumps({"models": models}))
    return tmp_path


def test_several_models_become_one_library(pair: Path) -> None:
    said = build(pair, "vision", "pair.json")
    assert said.startswith("0\n"), said
    (library,) = pair.rglob("libvision.a")
    assert b"one_open" in symbols(library) and b"conv2d_open" in symbols(library)
    assert {"one.h", "conv2d.h", "one.blob", "vision_kernels.c"} <= {p.name for p in library.parent.iterdir()}
    assert "MGE" not in build(pair, "vision", "pair.json")


def test_new_weights_of_one_model_run_no_c_compiler(pair: Path) -> None:
    build(pair, "vision", "pair.json")
    data = bytearray((pair / "conv2d.mge").read_bytes())
    at = next(
        i for i in range(400, len(data), 4) if 0 < data[i] < 255 and data[i + 3] in (0x3D, 0xBD, 0x3E, 0xBE)
    )
    data[at] += 1
    (pair / "conv2d.mge").write_bytes(data)
    said = build(pair, "vision", "pair.json")
    assert said.startswith("0\n") and "MGE" in said, said
    assert "CC " not in said, said


def test_a_mistake_in_the_configuration_has_its_place(pair: Path) -> None:
    (pair / "pair.json").write_text('{"models": [{"model_path": "softmax.mge"}],\n "dump_dr": "x"}')
    said = build(pair, "vision", "pair.json")
    assert not said.startswith("0\n")
    assert "pair.json:2:2: unknown key 'dump_dr'; did you mean 'dump_dir'?" in said


def test_c_files_of_the_users_belong_to_the_library(tmp_path: Path) -> None:
    shutil.copy(CORPUS / "extern_opr.mge", tmp_path)
    (tmp_path / "model.yaml").write_text(
        "model: extern_opr.mge\ncustom:\n  my_loader: {source: npu.c, outputs: [{dtype: float32}, {dtype: int32}]}\n"
    )
    text = '#include "mgecc.h"\nvoid my_loader(const mgecc_custom *call);\nvoid my_loader(const mgecc_custom *call)\n'
    (tmp_path / "npu.c").write_text(text + "{\n    *(float *)call->outputs[0] = 1;\n}\n")
    said = build(tmp_path, "ext", "model.yaml")
    assert said.startswith("0\n"), said
    (library,) = tmp_path.rglob("libext.a")
    assert b"user_npu.o" in symbols(library)
    (tmp_path / "npu.c").write_text(text + "{\n    *(float *)call->outputs[0] = 2;\n}\n")
    said = build(tmp_path, "ext", "model.yaml")
    assert "user_npu" in said and "MGE" not in said, said


def scons(folder: Path, *words: str, status: int = 0) -> str:
    """What the command line says."""
    tools = str(ROOT / "site_scons" / "site_tools")
    text = f'env = Environment(tools=["mgecc"], toolpath=[{tools!r}])\nenv.MgeProject()\n'
    (folder / "SConstruct").write_text(text)
    command = [sys.executable, "-m", "SCons", "-Q", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_configuration_can_be_named_on_the_command_line(pair: Path) -> None:
    models = json.loads((pair / "pair.json").read_text())["models"]
    (pair / "pair.json").write_text(json.dumps({"models": [models[0] | {"enable_nchw44": True}, models[1]]}))
    said = scons(pair, "config=pair.json", "target=arm64")
    assert "pair.json:1:" in said and "'enable_nchw44' has no effect" in said
    assert (pair / "build" / "arm64" / "pair" / "libpair.a").is_file()
    said = scons(pair, "config=pear.json", "target=arm64", status=2)
    assert "config=pear.json: there is no such file" in said


def test_a_configuration_of_image_functions_alone_is_a_library_of_them(tmp_path: Path) -> None:
    (tmp_path / "eyes.json").write_text('{"dump_dir": "o", "cv": {"rotate": ["ui8"], "flip": ["ui8"]}}')
    said = scons(tmp_path, "config=eyes.json", "target=arm64v7", "release", "build")
    assert "eyes for arm64v7: build/arm64v7/eyes_cv/" in said and said.count("flash ") == 2
    archive = tmp_path / "build" / "arm64v7" / "eyes_cv" / "armv7" / "libeyes_cv.a"
    assert b"mgecc_cv_rotate_ui8" in archive.read_bytes() and b"mgecc_run" not in archive.read_bytes()
    assert (tmp_path / "build" / "release" / "eyes-arm64v7.tar").is_file()


def test_models_of_a_configuration_go_into_one_release(pair: Path) -> None:
    (pair / "LICENSE").write_text("yours")
    scons(pair, "config=pair.json", "target=arm64", "release")
    with tarfile.open(pair / "build" / "release" / "pair-arm64.tar") as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        provenance = archive.extractfile("pair-arm64/provenance.intoto.json")
        assert provenance is not None and {b"pair/one/softmax.mge", b"pair/conv2d/conv2d.mge"} <= set(
            provenance.read().split(b'"')
        )
    headers = {"include/one.h", "include/conv2d.h", "share/one/one.blob", "share/conv2d/conv2d.blob"}
    assert names >= {*headers, "lib/libpair.a", "licences/one/LICENSE", "licences/conv2d/LICENSE"}


USER = """#include <string.h>
#include "one.h"
#include "conv2d.h"
#include "pair_cv.h"
static MGECC_ALIGNED unsigned char arena[ONE_ARENA_SIZE + CONV2D_ARENA_SIZE];
int main(void)
{
    mgecc_model m;
    return one_open(&m, arena, sizeof arena) || one_run(&m) || conv2d_open(&m, arena, sizeof arena) || conv2d_run(&m);
}
"""


def test_a_release_is_built_from_its_own_sources_alone(pair: Path, tmp_path: Path) -> None:
    for program in ("cmake", "make", "gcc"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt-get install {program}")
    document = json.loads((pair / "pair.json").read_text()) | {"cv": {"flip": ["ui8"]}}
    (pair / "pair.json").write_text(json.dumps(document))
    scons(pair, "config=pair.json", "target=x86_64", "cpu=v2", "release")
    alone = tmp_path / "a place of its own"
    with tarfile.open(pair / "build" / "release" / "pair-x86_64-v2.tar") as archive:
        archive.extractall(alone, filter="data")
    shutil.rmtree(pair / "build")
    release = alone / "pair-x86_64-v2"
    (release / "user.c").write_text(USER)
    for words in (
        ["cmake", "-S", "src", "-B", "out"],
        ["cmake", "--build", "out"],
        ["gcc", "user.c", "-Iinclude", "out/libpair.a", "-o", "user"],
        ["./user"],
    ):
        done = subprocess.run(words, cwd=release, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_model_of_a_configuration_is_run(pair: Path) -> None:
    (pair / "pair.json").write_text('{"models": [{"model_path": "conv2d.mge", "model_name": "a"}]}')
    shutil.copy(CORPUS / "conv2d.npz", pair)
    said = scons(pair, "config=pair.json", "target=x86_64", "run", "input=conv2d.npz")
    assert "a on x86_64" in said
    assert "a on x86_64" in scons(pair, "config=pair.json", "target=x86_64", "verify")
    both = '{"models": [{"model_path": "conv2d.mge"}, {"model_path": "softmax.mge"}]}'
    (pair / "both.json").write_text(both)
    said = scons(pair, "config=both.json", "target=x86_64", "run", "input=conv2d.npz", status=2)
    assert "input= is for one model, both.json has conv2d, softmax: mgecc run both.json --name conv2d" in said
    (pair / "conv2d.npz").unlink()
    said = scons(pair, "config=pair.json", "target=x86_64", "verify", status=2)
    assert "no recorded inputs of a: give --inputs, put conv2d.npz" in said


def test_only_libraries_with_declared_sizes_hold_what_sets_them(tmp_path: Path) -> None:
    shutil.copy(CORPUS / "net_unet.mge", tmp_path)
    (tmp_path / "fixed.yaml").write_text("model: net_unet.mge\nname: fixed\n")
    (tmp_path / "model.yaml").write_text(
        "model: net_unet.mge\nname: free\nsizes: {n: 1..4, h: 8..32 step 4}\n"
        "inputs: {data: {shape: [n, 1, h, 16]}}\n"
    )
    assert build(tmp_path, "fixed", "fixed.yaml").startswith("0\n")
    said = build(tmp_path, "free", "model.yaml")
    assert said.startswith("0\n"), said
    (fixed,), (free,) = (list(tmp_path.rglob(f"lib{name}.a")) for name in ("fixed", "free"))
    assert b"mgecc_set_sizes" in symbols(free) and b"mgecc_set_sizes" not in symbols(fixed)
    assert b"free_open" in symbols(free) and "free_set_sizes" in (free.parent / "free.h").read_text()
    report = json.loads((free.parent / "report.json").read_text())
    assert [row["name"] for row in report["sizes"]] == ["n", "h"] and 0 < report["copy"] < report["arena"]
    assert report["inputs"][0]["shape"] == [4, 1, 32, 16]
    assert report["inputs"][0]["sized_shape"] == ["n", 1, ["*", 4, ["div", "h", 4]], 16]
