"""``mgecc_add_model`` with real CMake: models that are built within a user's project, incrementally."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mgecc.cli import main
from mgecc.toolrun.depfile import depfile_text, read_depfile
from printed import printed

ROOT = Path(__file__).resolve().parents[2]
CMAKE = ROOT / "rules" / "cmake"
MAIN = """#include <stdio.h>
#include "digits.h"
#include "small.h"
static MGECC_ALIGNED unsigned char arena[DIGITS_ARENA_SIZE], other[SMALL_ARENA_SIZE];
int main(void)
{
    mgecc_model a, b;
    if (digits_open(&a, arena, sizeof arena) != MGECC_OK || small_open(&b, other, sizeof other) != MGECC_OK)
        return 1;
    if (digits_run(&a) != MGECC_OK || small_run(&b) != MGECC_OK)
        return 2;
    puts("ran");
    return 0;
}
"""
LISTS = """cmake_minimum_required(VERSION 3.20)
project(user C)
find_package(mgecc CONFIG REQUIRED)
mgecc_add_model(digits CONFIG digits/model.yaml TARGET cortex-m0)
mgecc_add_model(small CONFIG digits/digits.mge TARGET cortex-m0 OPTIMIZE size)
add_executable(user main.c)
target_link_libraries(user digits small)
"""


@pytest.fixture
def user(tmp_path: Path) -> Path:
    folder = tmp_path / "the project"
    shutil.copytree(ROOT / "models" / "digits", folder / "digits")
    (folder / "main.c").write_text(MAIN)
    (folder / "CMakeLists.txt").write_text(LISTS)
    return folder


def needs(*programs: str) -> None:
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")


def cmake(folder: Path, *words: str, status: int = 0) -> str:
    return printed(["cmake", *words], folder, status=status)


def configure(folder: Path, generator: str = "Ninja", *more: str) -> str:
    needs("cmake", "gcc", "ninja" if generator == "Ninja" else "make")
    words = [f"-Dmgecc_DIR={CMAKE}", f"-DMGECC_PYTHON={sys.executable}", "-G", generator]
    return cmake(folder, "-S", ".", "-B", "out", *words, *more)


def build(folder: Path) -> list[str]:
    """What a build does, by kind: MODEL, C, ASM, LINK."""
    said = cmake(folder, "--build", "out")
    kinds = {
        "Compiling the model": "MODEL",
        "Building C": "C",
        "Building ASM": "ASM",
        "Linking C exec": "LINK",
    }
    return [kind for line in said.splitlines() for text, kind in kinds.items() if text in line]


def runs(folder: Path) -> None:
    if platform.machine() == "x86_64":
        said = subprocess.run([folder / "out" / "user"], capture_output=True, text=True, check=True)
        assert said.stdout == "ran\n"


def later(path: Path) -> None:
    """Give a file a new time, as if it had been saved just now."""
    newest = max(p.stat().st_mtime for p in path.parents[1].rglob("*") if p.is_file())
    os.utime(path, (newest + 0.02, newest + 0.02))
    # What is made of it from now on is newer.
    time.sleep(max(0.0, newest + 0.04 - time.time()))


@pytest.mark.parametrize("generator", ["Ninja", "Unix Makefiles"])
def test_models_are_built_in_a_project_and_again_as_far_as_needed(user: Path, generator: str) -> None:
    configure(user, generator)
    first = build(user)
    assert first.count("MODEL") == 2 and first.count("ASM") == 2 and "C" in first
    runs(user)
    assert build(user) == []
    later(user / "digits" / "model.yaml")  # its content is the same
    assert build(user) == ["MODEL"]
    assert build(user) == []
    text = (user / "digits" / "model.yaml").read_text()
    (user / "digits" / "model.yaml").write_text(f"{text}ram: 1K\n")
    later(user / "digits" / "model.yaml")
    assert "model.yaml:17" in cmake(user, "--build", "out", status=1 if generator == "Ninja" else 2)
    (user / "digits" / "model.yaml").write_text(text)
    later(user / "digits" / "model.yaml")
    assert build(user) == ["MODEL"]


def test_two_models_share_kernels_and_the_runtime(user: Path) -> None:
    configure(user)
    build(user)
    needs("nm")
    symbols = subprocess.run(["nm", user / "out" / "user"], capture_output=True, text=True, check=True).stdout
    names = [line.split()[-1] for line in symbols.splitlines()]
    kernels = [name for name in names if name.startswith("mgk_")]
    assert names.count("mgecc_open") == 1 and kernels and len(set(kernels)) == len(kernels)


def test_a_prebuilt_library_is_linked(user: Path) -> None:
    lists = user / "CMakeLists.txt"
    lists.write_text(
        LISTS.replace("TARGET cortex-m0 OPTIMIZE size", "TARGET x86_64 CPU v2 PREBUILT TOOLCHAIN gcc")
    )
    configure(user)
    assert build(user).count("MODEL") == 2
    assert (user / "out" / "small" / "libsmall.a").is_file()
    runs(user)
    assert build(user) == []


def test_a_project_for_a_microcontroller(user: Path) -> None:
    needs("arm-none-eabi-gcc")
    lists = user / "CMakeLists.txt"
    lists.write_text(LISTS.replace("cortex-m0", "cortex-m4f").partition("add_executable")[0])
    (user / "m4.cmake").write_text(
        "set(CMAKE_SYSTEM_NAME Generic)\nset(CMAKE_C_COMPILER arm-none-eabi-gcc)\n"
        'set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -Wall -Wextra -Werror")\n'
        "set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)\n"
    )
    configure(user, "Ninja", "-DCMAKE_TOOLCHAIN_FILE=m4.cmake")
    build(user)
    assert (user / "out" / "libdigits.a").is_file() and (user / "out" / "libsmall.a").is_file()


def test_a_checkout_is_added_as_a_folder(user: Path) -> None:
    (user / "CMakeLists.txt").write_text(
        LISTS.replace("find_package(mgecc CONFIG REQUIRED)", f'add_subdirectory("{CMAKE}" mgecc)')
    )
    configure(user)
    steps = build(user)
    assert "ASM" not in steps and steps.count("MODEL") == 2
    runs(user)


def test_mistakes_are_told_when_the_project_is_configured(user: Path) -> None:
    needs("cmake", "ninja", "gcc")
    words = [
        "-S",
        ".",
        "-B",
        "out",
        f"-Dmgecc_DIR={CMAKE}",
        f"-DMGECC_PYTHON={sys.executable}",
        "-G",
        "Ninja",
    ]
    (user / "CMakeLists.txt").write_text(LISTS.replace("cortex-m0)", "cortex-m00)"))
    assert "did you mean cortex-m0" in cmake(user, *words, status=1)
    (user / "CMakeLists.txt").write_text(LISTS.replace("TARGET cortex-m0)", "TRAGET cortex-m0)"))
    assert "TRAGET;cortex-m0" in cmake(user, *words, status=1)


@pytest.mark.parametrize("where", [["--sources"], ["--toolchain", "gcc", "--out"]])
def test_a_depfile_names_what_was_read(tmp_path: Path, where: list[str]) -> None:
    needs("arm-none-eabi-gcc")
    shutil.copytree(ROOT / "models" / "digits", tmp_path / "a model")
    with (tmp_path / "a model" / "model.yaml").open("a") as file:
        file.write("kernels: {MatrixMul: mine.c}\n")
    (tmp_path / "a model" / "mine.c").write_text(
        '#include "mine.h"\nvoid mine(const mgecc_custom *c) { (void)c; }\n'
    )
    (tmp_path / "a model" / "mine.h").write_text('#include "mgecc.h"\nvoid mine(const mgecc_custom *c);\n')
    depfile = tmp_path / "out $1.d"
    words = ["compile", str(tmp_path / "a model"), "--name", "digits", "--target", "cortex-m0"]
    assert main([*words, "--depfile", str(depfile), *where, str(tmp_path / "out")]) == 0
    assert depfile.read_text().startswith(f"{tmp_path}/out\\ $$1: ")
    named = read_depfile(depfile)
    users = {Path(name).name for name in named if name.startswith(str(tmp_path))}
    licences = {"LICENSE-pictures.txt"} if where == ["--sources"] else set()
    assert users == {"model.yaml", "digits.mge", "mine.c", "mine.h"} | licences
    assert "/.cache/" not in " ".join(named)
    own = {Path(name).relative_to(ROOT).as_posix() for name in named if name.startswith(str(ROOT))}
    assert {"runtime/include/mgecc.h", "rules/mgecc/targets/baremetal.yaml", "rules/mgecc/compiler.py"} <= own


@pytest.mark.parametrize("name", ["a b", "a$b", "a#b", "ä"])
def test_names_in_depfiles_are_escaped(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.d").write_text(depfile_text("out", [f"/{name}/x", "/y"]), encoding="utf-8")
    assert read_depfile(tmp_path / "x.d") == [f"/{name}/x", "/y"]


def _listed(capsys: pytest.CaptureFixture[str], *words: str) -> Iterator[str]:
    capsys.readouterr()
    assert main(["compile", str(ROOT / "models" / "digits"), *words, "--list-outputs"]) == 0
    yield from capsys.readouterr().out.split("\n")[:-1]


@pytest.mark.parametrize("option", ["--sources", "--out"])
def test_listed_outputs_are_those_that_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    words = ["--target", "x86_64", option, str(tmp_path / "out")]
    listed = set(_listed(capsys, *words))
    assert not (tmp_path / "out").exists()
    assert main(["compile", str(ROOT / "models" / "digits"), *words]) == 0
    files = {str(path) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert {path for path in files if not {"obj", "licences"} & {*Path(path).parts}} == listed


def test_config_tells_where_things_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--cmakedir", "--include"]) == 0
    assert capsys.readouterr().out.split() == [str(CMAKE), str(ROOT / "runtime" / "include")]
    assert main(["config", "--cflags", "--target", "x86_64"]) == 0
    assert "-march=x86-64-v3 -ffp-contract=off" in capsys.readouterr().out
    assert main(["config"]) == 2 and main(["config", "--cflags"]) == 2
