"""Every toolchain turns one source into the same shape of object, library and program on every target."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from mgecc.targets import (
    TargetError,
    Toolchain,
    ToolchainMissing,
    cross_compilers,
    load_target,
    load_toolchain,
)
from mgecc.targets import toolchain as module

SOURCE = """
#include <stddef.h>
#include <stdint.h>
__attribute__((visibility("default"))) float scale(const float *x, size_t n) {
    float s = 0;
    for (size_t i = 0; i < n; i++) s += x[i] * 0.5f;
    return s;
}
int32_t concealed(void);
int32_t concealed(void) { return 7; }
"""
ASSEMBLY = (
    '    .section .rodata.weights,"a",%progbits\n    .global weights\nweights:\n    .incbin "weights.blob"\n'
)
TARGETS = ["arm64", "arm64+dot", "armv7", "armv7+dot", "x86_64", "baremetal"]


def toolchain_or_skip(name: str, target: str) -> Toolchain:
    try:
        return load_toolchain(name, load_target(target))
    except ToolchainMissing as missing:
        pytest.skip(str(missing))


def build(folder: Path, toolchain: Toolchain) -> list[Path]:
    folder.mkdir(exist_ok=True)
    (folder / "k.c").write_text(SOURCE)
    (folder / "w.S").write_text(ASSEMBLY)
    (folder / "weights.blob").write_bytes(bytes(range(100)))
    objects = []
    for source in ("k.c", "w.S"):
        objects.append(folder / f"{source}.o")
        args = toolchain.compile_args(folder / source, objects[-1], [folder])
        done = subprocess.run(args, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    return objects


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["zig", "gcc", "clang"])
def test_compiles_assembles_and_archives_without_a_warning(name: str, target: str, tmp_path: Path) -> None:
    toolchain = toolchain_or_skip(name, target)
    objects = build(tmp_path, toolchain)
    subprocess.run(toolchain.archive_args(tmp_path / "lib.a", objects), check=True)
    data = (tmp_path / "lib.a").read_bytes()
    assert data.startswith(b"!<arch>\n") and bytes(range(100)) in data and b"scale" in data


@pytest.mark.parametrize("target", [t for t in TARGETS if t != "baremetal"])
@pytest.mark.parametrize("name", ["zig", "gcc", "clang"])
def test_shared_library_exports_only_what_asks_for_it(name: str, target: str, tmp_path: Path) -> None:
    toolchain = toolchain_or_skip(name, target)
    objects = build(tmp_path, toolchain)
    subprocess.run(toolchain.link_shared_args(tmp_path / "libk.so", objects[:1], "libk.so"), check=True)
    data = (tmp_path / "libk.so").read_bytes()
    assert data.startswith(b"\x7fELF") and b"scale" in data and b"concealed" not in data


@pytest.mark.parametrize("target", TARGETS)
def test_same_bytes_in_another_folder(target: str, tmp_path: Path) -> None:
    toolchain = toolchain_or_skip("zig", target)
    first, second = build(tmp_path / "a", toolchain), build(tmp_path / "b b", toolchain)
    assert [o.read_bytes() for o in first] == [o.read_bytes() for o in second]


def test_another_build_of_a_compiler_of_the_same_number_is_another_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = load_target("arm64")
    found = set()
    for maker in ("Debian 12.2.0-14", "Debian 12.2.0-15", "Debian 12.2.0-15"):
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        for name in ("gcc", "ar"):
            program = folder / f"aarch64-linux-gnu-{name}"
            text = f'echo "{program.name} ({maker}) 12.2.0"\necho {folder}\n'
            program.write_text(f'#!/bin/sh\n[ "$1" = -dumpfullversion ] && echo 12.2.0 && exit\n{text}')
            program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        found.add(load_toolchain("gcc", target).identity)
    assert len(found) == 2 and all(identity.startswith("gcc-12.2.0-") for identity in found)


def test_identity_and_flags_hold_no_path() -> None:
    toolchain = toolchain_or_skip("zig", "arm64")
    assert toolchain.identity == f"zig-{module.ZIG_VERSION}"
    assert not [flag for flag in toolchain.flags_for("size") if "/" in flag]


def test_missing_compiler_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(
        ToolchainMissing, match="apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross$"
    ):
        load_toolchain("gcc", load_target("arm64"))
    monkeypatch.setattr(module, "_zig_folder", lambda: None)
    with pytest.raises(ToolchainMissing, match="pip install ziglang==0.17.1$"):
        load_toolchain("zig", load_target("arm64"))


def test_unknown_toolchain_suggests_the_nearest() -> None:
    with pytest.raises(TargetError, match="did you mean zig"):
        load_toolchain("zog", load_target("arm64"))


def test_native_code_is_tied_to_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    target = load_target("x86_64", "v3")
    plain, native = load_toolchain("zig", target).identity, replace(target, cflags=("-march=native",))
    assert load_toolchain("zig", native).identity.startswith(f"{plain}-")
    monkeypatch.setattr(module, "_host_cpu", lambda: "other")
    assert load_toolchain("zig", native).identity == f"{plain}-other"


def test_compilers_of_all_targets_are_known_with_their_packages() -> None:
    known = cross_compilers()
    assert known["aarch64-linux-gnu-gcc"].startswith("gcc-aarch64-linux-gnu ")
    assert {"arm-linux-gnueabihf-gcc", "arm-none-eabi-gcc", "gcc"} <= set(known)
