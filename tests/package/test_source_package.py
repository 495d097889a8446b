"""Packages of C files: compiled without a warning by three compilers for many machines, and by other build systems."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from locked_environment import environment
from mgecc import __version__
from mgecc.cli import main
from mgecc.package import model_component
from mgecc.package.backend import backend_files, package_files
from mgecc.package.source_tree import source_component, source_tree
from mgecc.targets import TargetError, ToolchainMissing, load_target, load_toolchain
from mgecc.toolrun.products import compile_to_folder, read_any

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "models" / "digits"
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror")
# Package -> models and target. That for cortex-m0 is plain C, for whatever machine.
PACKAGES = {
    "plain": ("digits", "cortex-m0"),
    "plain_int8": ("digits_int8", "cortex-m0"),
    "m4_int8": ("digits_int8", "cortex-m4f"),
    "m55_int8": ("digits_int8", "cortex-m55"),
    "arm64": ("digits", "arm64"),
    "x86_64": ("digits", "x86_64"),
}
# Machine -> what GCC is called, what Clang's target is, the flags of both, and the packages that it can compile.
MACHINES: dict[str, tuple[str, str, list[str], list[str]]] = {
    "x86_64": ("gcc", "x86_64-linux-gnu", ["-march=x86-64-v3"], ["plain", "plain_int8", "m4_int8", "x86_64"]),
    "arm64": ("aarch64-linux-gnu-gcc", "aarch64-linux-gnu", [], ["plain_int8", "arm64"]),
    "m0": (
        "arm-none-eabi-gcc",
        "thumbv6m-none-eabi",
        ["-mcpu=cortex-m0", "-mthumb"],
        ["plain", "plain_int8"],
    ),
    "m4": (
        "arm-none-eabi-gcc",
        "thumbv7em-none-eabihf",
        ["-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"],
        ["plain", "m4_int8"],
    ),
    "m55": (
        "arm-none-eabi-gcc",
        "thumbv8.1m.main-none-eabihf",
        ["-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard"],
        ["plain", "m55_int8"],
    ),
    "rv32": (
        "",
        "riscv32-unknown-elf",
        ["-march=rv32imc", "-mabi=ilp32"],
        ["plain", "plain_int8", "m4_int8"],
    ),
    "rv64": ("", "riscv64-unknown-elf", ["-march=rv64gc", "-mabi=lp64d"], ["plain", "plain_int8"]),
}
MAIN = """#include <stdio.h>
#include <string.h>
#include "digits.h"
static MGECC_ALIGNED unsigned char arena[DIGITS_ARENA_SIZE];
int main(void)
{
    float data[DIGITS_INPUT_DATA_ELEMENTS];
    mgecc_model model;
    if (digits_open(&model, arena, sizeof arena) != MGECC_OK || fread(data, sizeof data, 1, stdin) != 1)
        return 1;
    memcpy(digits_input_data(&model), data, sizeof data);
    if (digits_run(&model) != MGECC_OK)
        return 2;
    fwrite(digits_output_logits(&model), DIGITS_OUTPUT_LOGITS_BYTES, 1, stdout);
    return 0;
}
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All packages, in a folder whose name has a space."""
    folder = tmp_path_factory.mktemp("source packages")
    for name, (model, target) in PACKAGES.items():
        assert write(folder / name, model, target) == 0
    return folder


def write(folder: Path, model: str, target: str, *more: str) -> int:
    return main(
        ["compile", str(ROOT / "models" / model), "--target", target, "--sources", str(folder), *more]
    )


def needs(*programs: str) -> None:
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")


def run(*words: str, cwd: Path, given: bytes = b"") -> bytes:
    done = subprocess.run(words, cwd=cwd, input=given, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout


def files_in(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def check_numbers(program: str, cwd: Path) -> None:
    """The program gives the recorded outputs, where it runs on this machine."""
    if platform.machine() == "x86_64":
        given, wanted = (np.load(DIGITS / name) for name in ("inputs.npz", "expected.npz"))
        for data, logits in zip(given["in.data"][:3].astype(np.float32), wanted["out.0"]):
            made = np.frombuffer(run(program, cwd=cwd, given=data.tobytes()), np.float32)
            np.testing.assert_allclose(made, logits.reshape(-1), atol=1e-3)


def _compiler(toolchain: str, machine: str) -> list[str]:
    gcc, triple, flags, _ = MACHINES[machine]
    if toolchain == "gcc":
        if not gcc:
            pytest.skip("Debian has no GCC for it")
        needs(gcc)
        return [gcc, *flags]
    try:
        tools = load_toolchain(toolchain, load_target("cortex-m0"))
    except ToolchainMissing as missing:
        pytest.skip(str(missing))
    system = [word for folder in tools.system for word in ("-isystem", folder)]
    return [*tools.cc, f"--target={triple}", "-ffreestanding", "-nostdinc", *system, *flags]


def _cases() -> Iterator[tuple[str, str]]:
    yield from ((toolchain, machine) for machine in MACHINES for toolchain in ("gcc", "clang", "zig"))


@pytest.mark.parametrize(("toolchain", "machine"), list(_cases()))
def test_c_files_compile_without_a_warning(
    packages: Path, tmp_path: Path, toolchain: str, machine: str
) -> None:
    compiler = _compiler(toolchain, machine)
    for name in MACHINES[machine][3]:
        folder, work = packages / name, tmp_path / name
        work.mkdir()
        sources = sorted(map(str, folder.rglob("*.c")))
        run(*compiler, *STRICT, "-O1", f"-I{folder / 'include'}", "-c", *sources, cwd=work)
        (assembly,) = folder.glob("blob/*.S")
        run(*compiler, f"-Wa,-I,{assembly.parent}", "-c", str(assembly), "-o", "blob.o", cwd=work)
        assert len(list(work.glob("*.o"))) == len(sources) + 1


def test_make_builds_the_library_and_programs_in_c_and_cxx(packages: Path, tmp_path: Path) -> None:
    """The same sources as for microcontrollers give MegEngine's numbers."""
    needs("make", "gcc", "g++")
    package = shutil.copytree(packages / "plain", tmp_path / "digits")
    run("make", "CFLAGS=-O1 -Wall -Wextra -Werror", cwd=package)
    for compiler, standard, file in (("gcc", "c99", "main.c"), ("g++", "c++17", "main.cpp")):
        (tmp_path / file).write_text(MAIN)
        flags = [f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Idigits/include"]
        run(compiler, *flags, file, "digits/libdigits.a", "-o", compiler + ".out", cwd=tmp_path)
        check_numbers(f"./{compiler}.out", tmp_path)


def cmake_user(folder: Path, packages: Path, package: str) -> Path:
    folder.mkdir()
    (folder / "main.c").write_text(MAIN)
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(user C)\n"
        f'add_subdirectory("{packages / package}" digits)\n'
        "add_executable(user main.c)\ntarget_link_libraries(user digits)\n"
    )
    return folder


@pytest.mark.parametrize("generator", ["Ninja", "Unix Makefiles"])
def test_cmake_builds_it_in_a_project(packages: Path, tmp_path: Path, generator: str) -> None:
    needs("cmake", "gcc", "ninja" if generator == "Ninja" else "make")
    user = cmake_user(tmp_path / "user", packages, "x86_64" if generator == "Ninja" else "plain")
    run("cmake", "-S", ".", "-B", "out", "-G", generator, cwd=user)
    said = run("cmake", "--build", "out", "--verbose", cwd=user).decode()
    assert "digits_blob.S" in said and "digits_blob.c" not in said
    check_numbers("out/user", user)


def test_cmake_compiles_the_array_where_the_compiler_is_another_one(packages: Path, tmp_path: Path) -> None:
    needs("cmake", "gcc", "make")
    user = cmake_user(tmp_path / "user", packages, "plain")
    lists = user / "CMakeLists.txt"
    lists.write_text(lists.read_text().replace("C)\n", 'C)\nset(CMAKE_C_COMPILER_ID "IAR")\n', 1))
    run("cmake", "-S", ".", "-B", "out", cwd=user)
    said = run("cmake", "--build", "out", "--verbose", cwd=user).decode()
    assert "digits_blob.c" in said and "digits_blob.S" not in said
    check_numbers("out/user", user)


def test_a_new_blob_is_linked_without_compiling_c(packages: Path, tmp_path: Path) -> None:
    needs("cmake", "ninja", "gcc")
    package = shutil.copytree(packages / "plain", tmp_path / "digits")
    user = cmake_user(tmp_path / "user", tmp_path, "digits")
    run("cmake", "-S", ".", "-B", "out", "-G", "Ninja", cwd=user)
    run("cmake", "--build", "out", cwd=user)
    (package / "blob" / "digits.blob").write_bytes(b"\0" * 64)
    said = run("cmake", "--build", "out", cwd=user).decode()
    assert "Building ASM" in said and "Building C object" not in said


def test_meson_builds_it_as_a_subproject(packages: Path, tmp_path: Path) -> None:
    needs("meson", "ninja", "gcc")
    shutil.copytree(packages / "plain", tmp_path / "subprojects" / "digits")
    (tmp_path / "main.c").write_text(MAIN)
    (tmp_path / "meson.build").write_text(
        "project('user', 'c')\ndigits = dependency('digits', fallback : ['digits', 'digits_dep'])\n"
        "executable('user', 'main.c', dependencies : digits)\n"
    )
    run("meson", "setup", "out", "--wrap-mode=forcefallback", cwd=tmp_path)
    run("meson", "compile", "-C", "out", cwd=tmp_path)
    check_numbers("out/user", tmp_path)


def test_conan_builds_it_and_a_project_finds_it(tmp_path: Path) -> None:
    needs("cmake", "gcc", "make")
    conan = str(environment(tmp_path / "venv", Path(__file__).with_name("conan.lock")).with_name("conan"))
    folder = tmp_path / "products"
    compile_to_folder(read_any(DIGITS / "model.yaml"), "cortex-m0", "", folder)
    outputs = [path.name for path in folder.iterdir()]
    component = source_component(
        model_component(DIGITS / "model.yaml", "digits", folder, "cortex-m0"), source_tree(outputs, folder)
    )
    for path, data in package_files("conan", component, "cortex-m0").items():
        (tmp_path / "package" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "package" / path).write_bytes(data)
    user = tmp_path / "user"
    user.mkdir()
    (user / "main.c").write_text(MAIN)
    (user / "conanfile.txt").write_text(
        f"[requires]\ndigits/{__version__}\n[generators]\nCMakeDeps\nCMakeToolchain\n"
    )
    (user / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.15)\nproject(user C)\nfind_package(digits REQUIRED CONFIG)\n"
        "add_executable(user main.c)\ntarget_link_libraries(user digits::digits)\n"
    )
    home = ["env", f"CONAN_HOME={tmp_path / 'home'}", conan]
    run(*home, "profile", "detect", cwd=user)
    run(*home, "create", "../package", cwd=user)
    run(*home, "install", ".", "--output-folder=out", cwd=user)
    words = ["-DCMAKE_TOOLCHAIN_FILE=out/conan_toolchain.cmake", "-DCMAKE_BUILD_TYPE=Release"]
    run("cmake", "-S", ".", "-B", "out", *words, cwd=user)
    run("cmake", "--build", "out", cwd=user)
    check_numbers("out/user", user)


def test_bazel_and_platformio_files_name_what_is_there(packages: Path) -> None:
    folder, rules = packages / "plain", {}

    def cc_library(**given: Any) -> None:
        rules.update(given)

    names: dict[str, Callable[..., Any]] = {"load": lambda *words: None, "cc_library": cc_library}
    exec((folder / "BUILD.bazel").read_text(), names)  # noqa: S102
    own = {name for name in files_in(folder) if name.startswith(("src/", "include/"))}
    assert {*rules["srcs"], *rules["hdrs"]} == own and rules["includes"] == ["include"]
    library = json.loads((folder / "library.json").read_bytes())
    assert library["build"]["flags"] == rules["copts"][1:]
    assert all((folder / library["build"][key]).is_dir() for key in ("srcDir", "includeDir"))


def test_packages_are_the_same_everywhere_and_name_no_place(packages: Path, tmp_path: Path) -> None:
    assert write(tmp_path / "other", "digits", "cortex-m0") == 0
    files = files_in(packages / "plain")
    assert files == files_in(tmp_path / "other")
    places = [str(path).encode() for path in (ROOT, packages, Path.home() / "x", Path("/tmp"))]
    assert [name for name, data in files.items() if any(place in data for place in places)] == []
    outputs = ["digits.h", "digits.blob", "digits_blob.S", "digits_kernels.c", "report.json"]
    told = backend_files("sources", "digits", "cortex-m0", "", source_tree(outputs, tmp_path))
    assert {*told} == {name for name in files if not name.startswith("licences/")}


def test_a_blob_too_large_for_an_array_is_assembled(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("make", "gcc", "cmake")
    for place in ("mgecc.emit.ARRAY_LIMIT", "mgecc.emit.sources.ARRAY_LIMIT"):
        monkeypatch.setattr(place, 1000)
    assert write(tmp_path / "digits", "digits", "cortex-m0") == 0
    text = (tmp_path / "digits" / "src" / "digits_blob.c").read_text()
    assert "#error" in text and "blob/digits_blob.S" in text
    run("make", cwd=tmp_path / "digits")
    (tmp_path / "main.c").write_text(MAIN)
    run("gcc", "main.c", "-Idigits/include", "digits/libdigits.a", "-o", "user", cwd=tmp_path)
    check_numbers("./user", tmp_path)
    build = (tmp_path / "digits" / "BUILD.bazel").read_text()
    assert '"blob/digits_blob.S"' in build and "digits_blob.c" not in build


def test_custom_functions_and_their_headers_are_taken_along(tmp_path: Path) -> None:
    needs("make", "gcc")
    shutil.copytree(DIGITS, tmp_path / "digits")
    with (tmp_path / "digits" / "model.yaml").open("a") as file:
        file.write("kernels: {MatrixMul: mine.c}\n")
    (tmp_path / "digits" / "mine.c").write_text(
        '#include "mine.h"\nvoid mine(const mgecc_custom *call) { (void)call; }\n'
    )
    (tmp_path / "digits" / "mine.h").write_text('#include "mgecc.h"\nvoid mine(const mgecc_custom *call);\n')
    words = ["compile", str(tmp_path / "digits"), "--target", "cortex-m0", "--sources", str(tmp_path / "out")]
    assert main(words) == 0
    assert {"src/user/mine.c", "src/user/mine.h"} <= set(files_in(tmp_path / "out"))
    run("make", cwd=tmp_path / "out")


def test_a_target_of_several_kernel_sets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="combines several machines"):
        backend_files("sources", "digits", "arm64v7")
    assert write(tmp_path / "out", "digits", "arm64v7") == 2
