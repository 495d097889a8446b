"""Configurations by keyword arguments, and toolchains of the user's own."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

import pytest
import yaml

from .conftest import ROOT, Checkout

SCONSTRUCT = f"""
env = Environment(tools=["mgecc"], toolpath=[{str(ROOT / "site_scons" / "site_tools")!r}])
SConscript("app/SConscript", exports="env", variant_dir="out/app", duplicate=False)
"""
SCONSCRIPT = """
Import("env")
net = env.MgeModel("net", target="x86_64", model="#nets/digits.mge", labels="labels.txt", cv={"rotate": ("ui8",)},
                   verify={"inputs": "#nets/inputs.npz", "expected": "#nets/expected.npz", "max_abs_of_peak": 1e-3},
                   optimize="size")
env.MgeTest("check", net)
env.MgeRelease("net-1.0", net)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Checkout:
    shutil.copytree(ROOT / "models" / "digits", tmp_path / "nets")
    (tmp_path / "nets" / "model.yaml").unlink()
    (tmp_path / "app").mkdir()
    shutil.move(tmp_path / "nets" / "labels.txt", tmp_path / "app")
    (tmp_path / "SConstruct").write_text(SCONSTRUCT)
    (tmp_path / "app" / "SConscript").write_text(SCONSCRIPT)
    return Checkout(tmp_path)


def test_keywords_stand_for_a_configuration(tree: Checkout) -> None:
    said = tree.scons("-Q")
    assert "net on x86_64, 64 cases" in said and "net_cv.o" in said
    folder = tree.root / "build" / "x86_64" / "net"
    written = yaml.safe_load((folder / "obj" / "net.yaml").read_text())
    assert written["cv"] == {"rotate": ["ui8"]} and os.fspath(tree.root) not in str(written)
    assert (folder / "obj" / written["model"]).resolve() == tree.root / "nets" / "digits.mge"
    assert (folder / "obj" / written["labels"]).resolve() == tree.root / "app" / "labels.txt"
    with tarfile.open(tree.root / "build" / "release" / "net-1.0.tar") as archive:
        assert "net-1.0/licences/net/LICENSE-pictures.txt" in archive.getnames()
    assert tree.scons("-Q").splitlines() == ["scons: `.' is up to date."]
    script = tree.root / "app" / "SConscript"
    script.write_text(script.read_text().replace('("ui8",)', '["ui8", "f16"]'))
    said = tree.scons("-Q")
    assert "MGE " in said and "net_cv.o" in said and "net_kernels.o" not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"n", tragets="x"', "MgeModel has no option 'tragets'; did you mean 'target'? it has target, cpu"),
        ('"n", "#nets/digits.mge", cv={"rotate": ["ui8"]}', "cv belongs into #nets/digits.mge, or all"),
        ('"n"', "give a configuration, or model="),
        ('"n", cv={"rotate": ["ui8"]}', "give a configuration, or model="),
        ('"n", model="#nets/digits.mge", cv={"rotat": ["ui8"]}', "did you mean 'rotate'?"),
    ],
)
def test_mistakes_in_keywords_are_named(tree: Checkout, text: str, said: str) -> None:
    (tree.root / "app" / "SConscript").write_text(f'Import("env")\nenv.MgeModel({text}, target="arm64")\n')
    assert said in tree.scons("-Q", status=2)


def test_a_toolchain_of_ones_own_is_named_in_the_file_of_the_board(tree: Checkout, tmp_path: Path) -> None:
    gcc = shutil.which("arm-none-eabi-gcc")
    if gcc is None:
        pytest.skip("arm-none-eabi-gcc is not installed: apt-get install gcc-arm-none-eabi")
    tools = tmp_path / "sdk"
    tools.mkdir()
    for name in ("gcc", "ar", "ld", "objcopy"):
        (tools / f"acme-arm-{name}").symlink_to(gcc.removesuffix("gcc") + name)
    board = tree.root / "app" / "board.yaml"
    board.write_text("base: baremetal\ngcc: {prefix: acme-arm-, package: acme-sdk}\n")
    text = 'Import("env")\nenv.MgeModel("n", "#nets/digits.mge", target="board.yaml", toolchain="gcc")\n'
    (tree.root / "app" / "SConscript").write_text(text)
    assert "acme-arm-gcc is not installed: apt-get install acme-sdk" in tree.scons("-Q", status=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
        tree.scons("-Q")
    assert (tree.root / "build" / "board" / "n" / "libn.a").is_file()
