"""The tool in somebody else's SConstruct."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import Checkout

SCONSTRUCT = """
env = Environment(tools=[], TOOLROOT={root!r})
env.Tool("mgecc", toolpath=[{root!r} + "/site_scons/site_tools"])
SConscript("firmware/SConscript", exports="env")
"""
SCONSCRIPT = """
Import("env")
net = env.MgeModel("first", config="model.yaml", target="baremetal")
env.Command("image.bin", [net.lib, net.header, net.blob, net.report], Copy("$TARGET", "$SOURCE"))
env.Default("image.bin")
assert [n.get_internal_path() for n in net.lib] == ["build/baremetal/first/libfirst.a"], [str(n) for n in net.lib]
assert not net.shared and str(net.kernels[0]).endswith("first_kernels.c")
"""


def make_user(checkout: Checkout, folder: Path, sconscript: str = SCONSCRIPT) -> Path:
    (folder / "firmware").mkdir(parents=True)
    (folder / "SConstruct").write_text(SCONSTRUCT.format(root=os.fspath(checkout.root)))
    (folder / "firmware" / "SConscript").write_text(sconscript)
    (folder / "firmware" / "first.mge").write_text("weights layer")
    (folder / "firmware" / "model.yaml").write_text("model: first.mge\n")
    return folder


def test_model_nodes_work_in_a_foreign_sconscript(checkout: Checkout, tmp_path: Path) -> None:
    user = make_user(checkout, tmp_path / "user")
    checkout.scons(cwd=user)
    assert (user / "firmware" / "image.bin").read_bytes().startswith(b"!<arch>")
    assert "is up to date" in checkout.scons(cwd=user)


def test_a_plain_model_file_will_do(checkout: Checkout, tmp_path: Path) -> None:
    user = make_user(checkout, tmp_path / "user", SCONSCRIPT.replace("model.yaml", "first.mge"))
    checkout.scons(cwd=user)
    assert (user / "build" / "baremetal" / "first" / "first.blob").read_text() == "weights layer"


def test_wrong_arguments_are_explained(checkout: Checkout, tmp_path: Path) -> None:
    user = make_user(checkout, tmp_path / "user", SCONSCRIPT.replace('"baremetal"', '"bearmetal"'))
    assert "did you mean baremetal?" in checkout.scons(status=2, cwd=user)
    other = make_user(checkout, tmp_path / "other", SCONSCRIPT.replace("target=", "tragets=1, target="))
    said = checkout.scons(status=2, cwd=other)
    assert "MgeModel has no option 'tragets'; did you mean 'target'?" in said


@pytest.mark.parametrize(
    "call",
    [
        "env.MgeModel('a', config='models/first.mge', target='x86-64')",
        "env.MgeModel('a', config='models/first.mge')",
        "env.MgeModel('a', config='models/first.mge', target='arm64', optimise='size')",
        "env.MgePipeline('a', [], 'arm64')",
        "env.MgeCv('a', {}, 'arm64')",
        "env.MgeFirmware('a', ['main.c'], [])",
        "env.MgeRelease('a', [])",
        "env.MgeTest('a', 'main.c')",
        "env.MgeSettings(cash='x')",
    ],
)
def test_a_mistake_is_shown_at_the_line_that_made_it(checkout: Checkout, tmp_path: Path, call: str) -> None:
    user = make_user(checkout, tmp_path / "user", f"Import('env')\n\n{call}\n")
    lines = checkout.scons("-Q", status=2, cwd=user).splitlines()
    (place,) = [line for line in lines if line.startswith("File ")]
    assert place == f'File "{user}/firmware/SConscript", line 3, in <module>', lines
