"""Tests and releases of libraries that hold several models, image functions, or C files of the user's."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from mgecc.config import load_cases

from .conftest import ROOT, Checkout

HEAD = f"""
env = Environment(tools=["mgecc"], toolpath=[{str(ROOT / "site_scons" / "site_tools")!r}])
"""
PIPELINE = """
both = env.MgePipeline("both", ["models/digits/model.yaml", "models/mnist/model.yaml"], target="x86_64")
env.MgeTest("all", both)
env.MgeTest("one", both, inputs="models/mnist/inputs.npz", expected=WANT, model="mnist")
"""
IMAGES = """
net = env.MgeModel("net", "net/model.yaml", target="arm64")
camera = env.MgeCv("camera", {"rotate": ["ui8"]}, target="arm64")
env.MgeRelease("with-images", [net, camera])
env.MgeRelease("images", camera)
"""
MAIN = """#include "net.h"
#include "net_cv.h"
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


@pytest.fixture
def tree(tmp_path: Path) -> Checkout:
    (tmp_path / "net").mkdir()
    shutil.copy(ROOT / "tests" / "data" / "mge-corpus" / "softmax.mge", tmp_path / "net" / "net.mge")
    (tmp_path / "net" / "model.yaml").write_text("model: net.mge\ncv: {rotate: [ui8]}\n")
    (tmp_path / "main.c").write_text(MAIN)
    return Checkout(tmp_path)


def describe(tree: Checkout, text: str, **words: str) -> Checkout:
    for word, value in words.items():
        text = text.replace(word, repr(value))
    (tree.root / "SConstruct").write_text(HEAD + text)
    return tree


def test_models_of_a_pipeline_are_tested_together_or_one_by_name(tree: Checkout) -> None:
    for name in ("digits", "mnist"):
        shutil.copytree(ROOT / "models" / name, tree.root / "models" / name)
    said = describe(tree, PIPELINE, WANT="models/mnist/expected.npz").scons("-Q")
    assert said.count("digits on x86_64") == 1 and said.count("mnist on x86_64") == 2
    record = tree.root / "build" / "x86_64" / "both" / "obj" / "all.txt"
    assert "digits on x86_64" in record.read_text() and "mnist on x86_64" in record.read_text()
    wrong = tree.root / "models" / "digits" / "expected.npz"
    shutil.copy(tree.root / "models" / "digits" / "inputs.npz", wrong)
    assert load_cases(wrong)
    assert "out.0" in tree.scons("-Q", status=2)
    assert not record.exists()


COPIES = """
Import("env")
net = env.MgeModel("digits", "digits/model.yaml", target="x86_64")
env.MgeTest("recorded", net)
env.MgeTest("given", net, inputs="digits/inputs.npz", expected="digits/expected.npz")
env.MgeRelease("digits", [net, env.MgeFirmware("app", "main.c", net)])
"""


def test_a_variant_folder_with_copies_of_its_sources_will_do(tree: Checkout) -> None:
    describe(tree, 'SConscript("app/SConscript", variant_dir="out", exports="env")\n')
    shutil.copytree(ROOT / "models" / "digits", tree.root / "app" / "digits")
    (tree.root / "app" / "SConscript").write_text(COPIES)
    main = '#include "digits.h"\nint mg_main(int n, char **v);\nint mg_main(int n, char **v) { (void)v; return n; }\n'
    (tree.root / "app" / "main.c").write_text(main)
    assert tree.scons("-Q").count("digits on x86_64, 64 cases") == 2
    files = unpack(tree.root / "build" / "release" / "digits.tar")
    assert {"licences/digits/LICENSE-pictures.txt", "firmware/app.elf"} <= set(files)
    assert not [name for name in materials(files) if "out" in name.split("/")]
    assert tree.scons("-Q").splitlines() == ["scons: `.' is up to date."]


def test_a_test_of_several_models_says_which_it_means(tree: Checkout) -> None:
    for name in ("digits", "mnist"):
        shutil.copytree(ROOT / "models" / name, tree.root / "models" / name)
    text = PIPELINE.replace(', model="mnist"', "").replace("WANT", '"want.npz"')
    assert "say whose inputs and outputs they are: model='digits'" in describe(tree, text).scons(
        "-Q", status=2
    )
    text = PIPELINE.replace('model="mnist"', 'model="mnst"').replace("WANT", '"want.npz"')
    assert "both has no model 'mnst'; it has digits, mnist" in describe(tree, text).scons("-Q", status=2)


def test_image_functions_of_a_model_are_in_its_library(tree: Checkout) -> None:
    text = (
        'net = env.MgeModel("net", "net/model.yaml", target="x86_64")\nenv.MgeFirmware("app", "main.c", net)'
    )
    said = describe(tree, text).scons("-Q")
    assert "net_cv.o" in said
    ran = subprocess.run([tree.root / "build/x86_64/app/app.elf"], capture_output=True, check=False)
    assert ran.stdout == b"turned\n"
    assert tree.scons("-Q").splitlines() == ["scons: `.' is up to date."]
    config = tree.root / "net" / "model.yaml"
    config.write_text(config.read_text().replace("[ui8]", "[ui8, f16]"))
    said = tree.scons("-Q")
    assert "net_cv.o" in said and "net_kernels.o" not in said


def unpack(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        read = {member.name.partition("/")[2]: archive.extractfile(member) for member in archive.getmembers()}
        return {name: file.read() for name, file in read.items() if file}


def materials(files: dict[str, bytes]) -> dict[str, str]:
    definition: Any = json.loads(files["provenance.intoto.json"])["predicate"]["buildDefinition"]
    return {row["name"]: row["digest"]["sha256"] for row in definition["resolvedDependencies"]}


def test_image_functions_can_be_released(tree: Checkout) -> None:
    describe(tree, IMAGES).scons("-Q")
    folder = tree.root / "build" / "release"
    files = unpack(folder / "with-images.tar")
    assert {"lib/libnet.a", "lib/libcamera_cv.a", "include/net_cv.h", "include/camera_cv.h"} <= set(files)
    alone = unpack(folder / "images.tar")
    assert {
        "lib/libcamera_cv.a",
        "include/camera_cv.h",
        "include/mgecc_cv.h",
        "licences/mgecc/LICENSE",
    } <= set(alone)
    parts = {row["bom-ref"]: row["type"] for row in json.loads(alone["sbom.cdx.json"])["components"]}
    assert parts["images-arm64-camera"] == "library"
    assert any("/cv/" in name and name.endswith(".j2") for name in materials(alone))
    assert tree.scons("-Q").splitlines() == ["scons: `.' is up to date."]


def test_the_provenance_names_c_files_of_the_users_and_what_they_include(tree: Checkout) -> None:
    folder = tree.root / "net"
    (folder / "parts").mkdir()
    (folder / "parts" / "inner.h").write_text("#define ONE 1.0f\n")
    (folder / "mine.h").write_text('#include "parts/inner.h"\n')
    code = '#include "mgecc.h"\n#include "mine.h"\nvoid soft(const mgecc_custom *call)\n'
    (folder / "soft.c").write_text(code + "{ *(float *)call->outputs[0] = ONE; }\n")
    (folder / "model.yaml").write_text("model: net.mge\nkernels: {Softmax: soft.c}\n")
    describe(tree, IMAGES.partition("camera")[0] + 'env.MgeRelease("own", net)\n').scons("-Q")
    found = materials(unpack(tree.root / "build" / "release" / "own.tar"))
    for name in ("model.yaml", "net.mge", "soft.c", "mine.h", "parts/inner.h"):
        assert found[f"net/{name}"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert [name for name in found if name.startswith("zig-")]
    assert any(name.endswith("/targets/arm64.yaml") for name in found)
    assert any(name.endswith("/runtime/include/mgecc.h") for name in found)
    (folder / "parts" / "inner.h").write_text("#define ONE 1.0f /* the same */\n")
    assert "TAR" in tree.scons("-Q")
    again = materials(unpack(tree.root / "build" / "release" / "own.tar"))
    assert [name for name in again if again[name] != found[name]] == ["net/parts/inner.h"]
