"""Packages for other build systems: their files, and consumers that are built and run with them."""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from bazel import needs_bazel, open_workspace
from digits_user import MAIN
from mgecc import __version__
from mgecc.package import model_component
from mgecc.package.backend import backend_files, backend_names, package_files, takes_sources
from mgecc.package.source_tree import source_component, source_tree
from mgecc.targets import TargetError, load_target
from mgecc.toolrun.products import read_config
from mgecc.toolrun.session import compile_and_build
from printed import printed

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "models" / "digits" / "model.yaml"
OUTPUTS = ["digits.h", "digits.blob", "digits_blob.S", "digits_kernels.c"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("products")
    for target, cpu in (("x86_64", "v2"), ("baremetal", "")):
        compile_and_build(read_config(CONFIG), load_target(target, cpu), "zig", folder / target)
    return folder


def write(built: Path, form: str, target: str, cpu: str, folder: Path) -> Path:
    component = model_component(CONFIG, "digits", built / target, target, cpu)
    tree = source_tree(OUTPUTS, built / target) if takes_sources(form) else {}
    given = source_component(component, tree) if tree else component
    files = package_files(form, given, target, cpu)
    assert set(backend_files(form, "digits", target, cpu, tree)) | set(component.notices) == set(files)
    assert files == package_files(form, given, target, cpu)
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def needs(*programs: str) -> None:
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed: apt-get install {program}")


def run(*words: str, cwd: Path) -> str:
    return printed(words, cwd)


def runs_here() -> bool:
    import platform

    return platform.machine() in ("x86_64", "AMD64")


def _pairs() -> Iterator[tuple[str, str, str]]:
    """Every form with the targets that it serves."""
    for form in backend_names():
        for target, cpu in (("x86_64", "v2"), ("baremetal", "")):
            try:
                backend_files(form, "digits", target, cpu)
            except TargetError:
                continue
            yield form, target, cpu


@pytest.mark.parametrize(("form", "target", "cpu"), list(_pairs()))
def test_every_form_has_what_it_needs(built: Path, tmp_path: Path, form: str, target: str, cpu: str) -> None:
    folder = write(built, form, target, cpu, tmp_path / "package")
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    own = {"digits_kernels.c", "digits_blob.c"} if takes_sources(form) else {"libdigits.a"}
    assert own | {"digits.h", "mgecc.h", "mgecc.hpp", "LICENSE", "LICENSE-pictures.txt"} <= names
    assert ("libdigits.so" in names) == (target == "x86_64" and not takes_sources(form))
    texts = [
        path.read_text()
        for path in folder.rglob("*")
        if path.suffix not in (".a", ".so", ".pack", ".blob") and path.is_file()
    ]
    assert not any("{{" in text or "{%" in text for text in texts)
    for path in (path for path in folder.rglob("*") if path.suffix in (".yml", ".yaml")):
        assert isinstance(yaml.safe_load(path.read_text()), dict)


@pytest.mark.parametrize(
    ("form", "target", "why"),
    [
        (
            "esp-idf",
            "x86_64",
            "package=esp-idf is not for x86_64 with cpu=v3: chips of ESP-IDF are RISC-V or Xtensa",
        ),
        ("esp-idf", "cortex-m55", "name a target of plain C, such as cortex-m0"),
        ("arduino", "arm64", "package=arduino is not for arm64"),
        ("zephyr", "armv7", "such as cortex-m4f"),
        ("cmsis-pack", "x86_64", "CMSIS-Packs are for Cortex-M"),
    ],
)
def test_impossible_pairs_are_refused(form: str, target: str, why: str) -> None:
    with pytest.raises(TargetError, match=why):
        backend_files(form, "digits", target, "v3" if target == "x86_64" else "")


@pytest.mark.parametrize(
    ("stated", "version"), [("2", "2.0.0"), ("1.4", "1.4.0"), ("1.4.7", "1.4.7"), ("", __version__)]
)
def test_packages_have_the_version_and_vendor_of_the_model(
    built: Path, tmp_path: Path, stated: str, version: str
) -> None:
    config = tmp_path / "model.yaml"
    config.write_text(f"model: digits.mge\nvendor: Example & Sons\nversion: '{stated}'\n")
    component = model_component(config, "digits", built / "baremetal", "baremetal")
    files = package_files("cmsis-pack", component, "baremetal")
    root = xml.etree.ElementTree.fromstring(files["mgecc.digits.pdsc"])
    assert f"mgecc.digits.{version}.pack" in files and root.findtext("vendor") == "Example & Sons"
    assert next(root.iter("release")).get("version") == version
    assert f"mgecc.digits.{version}.pack" in backend_files(
        "cmsis-pack", "digits", "baremetal", version=stated
    )


def test_a_cmake_project_finds_the_package(built: Path, tmp_path: Path) -> None:
    needs("cmake", "gcc", "make")
    package = write(built, "cmake", "x86_64", "v2", tmp_path / "the package")
    user = tmp_path / "user"
    user.mkdir()
    (user / "main.c").write_text(MAIN)
    (user / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(user C)\n"
        f"find_package(digits {__version__} REQUIRED CONFIG)\n"
        "add_executable(user main.c)\ntarget_link_libraries(user mgecc::digits)\n"
        "add_executable(user_shared main.c)\ntarget_link_libraries(user_shared mgecc::digits_shared)\n"
    )
    run("cmake", "-S", ".", "-B", "out", f"-DCMAKE_PREFIX_PATH={package}", cwd=user)
    run("cmake", "--build", "out", cwd=user)
    if runs_here():
        assert [run(f"out/{name}", cwd=user) for name in ("user", "user_shared")] == ["ran\n", "ran\n"]


def test_cmake_does_not_take_a_package_for_another_machine(built: Path, tmp_path: Path) -> None:
    needs("cmake", "gcc", "make")
    package = write(built, "cmake", "baremetal", "", tmp_path / "package")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(user C)\nfind_package(digits REQUIRED CONFIG)\n"
    )
    words = ["cmake", "-S", ".", "-B", "out", f"-DCMAKE_PREFIX_PATH={package}"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "for baremetal, 32 bits" in " ".join(done.stderr.split())


def test_pkg_config_gives_flags_that_build_a_program(built: Path, tmp_path: Path) -> None:
    needs("pkg-config", "gcc")
    package = write(built, "pkg-config", "x86_64", "v2", tmp_path / "package")
    (tmp_path / "main.c").write_text(MAIN)
    search = f"PKG_CONFIG_PATH={package / 'lib/pkgconfig'}"
    assert run("env", search, "pkg-config", "--modversion", "digits", cwd=tmp_path).strip() == __version__
    flags = run("env", search, "pkg-config", "--cflags", "--libs", "digits", cwd=tmp_path).split()
    run("gcc", "main.c", *flags, "-o", "user", cwd=tmp_path)
    if runs_here():
        assert run("./user", cwd=tmp_path) == "ran\n"


def test_a_cmsis_pack_is_an_archive_with_what_its_description_names(built: Path, tmp_path: Path) -> None:
    folder = write(built, "cmsis-pack", "baremetal", "", tmp_path / "package")
    (pack,) = folder.glob("*.pack")
    with zipfile.ZipFile(pack) as archive:
        names = archive.namelist()
        root = xml.etree.ElementTree.fromstring(archive.read("mgecc.digits.pdsc"))
    listed = {str(file.get("name")) for file in root.iter("file")}
    assert (
        all(any(name.startswith(each) for name in names) for each in listed) and "Lib/libdigits.a" in listed
    )
    assert next(root.iter("require")).attrib == {"Dcore": "Cortex-M4", "Dfpu": "SP_FPU"}


def test_an_arduino_library_is_compiled_with_its_example(built: Path, tmp_path: Path) -> None:
    """Without Arduino: its functions are declared, and the sketch is C++ with them."""
    needs("gcc", "g++")
    folder = write(built, "arduino", "baremetal", "", tmp_path / "package")
    lines = (folder / "library.properties").read_text().splitlines()
    assert "architectures=*" in lines and "includes=digits.h" in lines
    (tmp_path / "sketch.cpp").write_text(
        "struct Port { void begin(long); void println(unsigned long); void println(const char *); };\n"
        "extern Port Serial;\nunsigned long micros();\nvoid delay(unsigned long);\n"
        + (folder / "examples" / "digits" / "digits.ino").read_text()
    )
    flags = ["-Wall", "-Wextra", "-Werror", f"-I{folder / 'src'}"]
    run("g++", *flags, "-std=c++11", "-fsyntax-only", "sketch.cpp", cwd=tmp_path)
    sources = sorted(map(str, (folder / "src").rglob("*.c")))
    run("gcc", *flags, "-std=gnu11", "-fsyntax-only", *sources, cwd=tmp_path)


def test_what_cannot_be_packaged_says_so() -> None:
    with pytest.raises(TargetError, match="did you mean cmake"):
        backend_files("cmke", "digits", "arm64")
    with pytest.raises(TargetError, match="combines several machines"):
        backend_files("cmake", "digits", "arm64v7")


STAND_INS = {
    "esp-idf": """
function(idf_component_register)
  cmake_parse_arguments(PARSE_ARGV 0 GIVEN "" "" "INCLUDE_DIRS;SRCS;REQUIRES")
  add_library(component STATIC ${GIVEN_SRCS})
  target_include_directories(component PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/${GIVEN_INCLUDE_DIRS})
  set(COMPONENT_LIB component PARENT_SCOPE)
endfunction()
add_subdirectory(PACKAGE component)
""",
    "zephyr": """
add_library(component INTERFACE)
function(zephyr_include_directories)
  include_directories(${ARGN})
  target_include_directories(component INTERFACE ${ARGN})
endfunction()
macro(zephyr_library_named name)
  set(ZEPHYR_CURRENT_LIBRARY ${name})
  add_library(${name} STATIC)
  target_link_libraries(component INTERFACE ${name})
endmacro()
function(zephyr_library_sources)
  target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endfunction()
function(zephyr_library_compile_options)
  target_compile_options(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endfunction()
set(CONFIG_MGECC_DIGITS y)
add_subdirectory(PACKAGE/zephyr component)
""",
}


@pytest.mark.parametrize("form", STAND_INS)
def test_a_program_is_built_by_the_cmake_files_of_a_component(built: Path, tmp_path: Path, form: str) -> None:
    """With stand-ins for the functions of the build system, which do what its documentation says."""
    needs("cmake", "gcc", "make")
    package = write(built, form, "baremetal", "", tmp_path / "the package")
    user = tmp_path / "user"
    user.mkdir()
    (user / "main.c").write_text(MAIN)
    (user / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(user C)\n"
        + STAND_INS[form].replace("PACKAGE", f'"{package}"').replace('"/zephyr', '/zephyr"')
        + "add_executable(user main.c)\ntarget_link_libraries(user component)\n"
    )
    run("cmake", "-S", ".", "-B", "out", cwd=user)
    run("cmake", "--build", "out", cwd=user)
    if runs_here():
        assert run("out/user", cwd=user) == "ran\n"


def test_the_bazel_files_name_what_is_there(built: Path, tmp_path: Path) -> None:
    folder = write(built, "bazel", "x86_64", "v2", tmp_path / "package")
    rules: dict[str, dict[str, Any]] = {}

    def rule(kind: str) -> Callable[..., None]:
        return lambda **given: rules.update({given["name"]: {"kind": kind, **given}})

    kinds = {kind: rule(kind) for kind in ("cc_library", "cc_import")}
    loaded: list[str] = []
    exec((folder / "BUILD.bazel").read_text(), {"load": lambda *words: loaded.extend(words), **kinds})  # noqa: S102
    assert loaded == ["@rules_cc//cc:defs.bzl", "cc_import", "cc_library"]
    library, inner = rules["digits"], rules["digits_import"]
    assert (library["kind"], inner["kind"]) == ("cc_library", "cc_import")
    assert library["deps"] == [":digits_import"] and library["includes"] == ["include"]
    for name in [*library["hdrs"], inner["static_library"], inner["shared_library"]]:
        assert (folder / name).is_file()
    assert (folder / "WORKSPACE.bazel").read_text() == 'workspace(name = "digits")\n'


def test_bazel_builds_a_program_with_the_package(built: Path, tmp_path: Path) -> None:
    """With Debian's Bazel, and stand-ins for the rule sets that it would fetch."""
    needs_bazel()
    write(built, "bazel", "x86_64", "v2", tmp_path / "digits")
    user = tmp_path / "user"
    user.mkdir()
    (user / "main.c").write_text(MAIN)
    (user / "BUILD").write_text(
        'load("@rules_cc//cc:defs.bzl", "cc_binary")\n'
        'cc_binary(name = "app", srcs = ["main.c"], deps = ["@digits//:digits"])\n'
    )
    (user / "WORKSPACE").write_text('local_repository(name = "digits", path = "../digits")\n')
    bazel = open_workspace(user, tmp_path / "bazel")
    bazel("build", "//:app")
    bazel.stop()
    if runs_here():
        assert run("bazel-bin/app", cwd=user) == "ran\n"
