"""``rules/bazel`` with Debian's Bazel: models that are built and tested within a user's workspace."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bazel import Bazel, needs_bazel, open_workspace
from digits_user import MAIN
from farm import farm
from mgecc.cli import main
from printed import printed

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "bazel.md").read_text()
BLOCKS = [block for _, block in re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)]
MORE = """
load("@mgecc//rules/bazel:defs.bzl", "mge_cv", "mge_pipeline")
mge_pipeline(
    name = "both",
    models = ["digits/model.yaml", "digits_int8/model.yaml"],
    data = glob(["digits*/*"]),
    target = "cortex-m0",
)
mge_cv(name = "pictures", functions = {"resize_linear": ["ui8", "f32"]})
mge_model(name = "large", config = "mobilenet/model.yaml", data = glob(["mobilenet/*"]))
mge_test(name = "large_test", model = ":large")
mge_model(name = "plain", config = "digits/digits.mge", target = "cortex-m0", optimize = "size")
mge_test(name = "plain_test", model = ":plain", inputs = "digits/inputs.npz", expected = "digits/expected.npz")
mge_test(name = "wrong_test", model = ":plain", inputs = "digits/inputs.npz", expected = "wrong.npz")
"""
# GCC for 64-bit Arm, as a user's toolchain.
CROSS = """
load("@bazel_tools//tools/cpp:unix_cc_toolchain_config.bzl", "cc_toolchain_config")
platform(name = "arm64", constraint_values = ["@platforms//cpu:aarch64", "@platforms//os:linux"])
TOOLS = ["ar", "cpp", "dwp", "gcc", "gcov", "ld", "llvm-cov", "nm", "objcopy", "objdump", "strip"]
cc_toolchain_config(
    name = "arm64_config", cpu = "aarch64", compiler = "gcc", toolchain_identifier = "arm64",
    host_system_name = "local", target_system_name = "aarch64-linux-gnu", target_libc = "glibc",
    abi_version = "", abi_libc_version = "", link_flags = ["-static"],
    cxx_builtin_include_directories = ["/usr/aarch64-linux-gnu/include", "/usr/lib/gcc-cross/aarch64-linux-gnu"],
    tool_paths = {tool: "/usr/bin/aarch64-linux-gnu-" + tool for tool in TOOLS},
)
filegroup(name = "nothing")
cc_toolchain(
    name = "arm64_cc", toolchain_config = ":arm64_config", supports_param_files = 0,
    all_files = ":nothing", compiler_files = ":nothing", dwp_files = ":nothing", linker_files = ":nothing",
    objcopy_files = ":nothing", strip_files = ":nothing",
)
toolchain(
    name = "arm64_toolchain", target_compatible_with = ["@platforms//cpu:aarch64"], toolchain = ":arm64_cc",
    toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
)
"""


def write_workspace(folder: Path) -> Path:
    """The user's project of the page about Bazel, and more targets."""
    folder.mkdir()
    build, _, workspace, _ = BLOCKS
    (folder / "third_party").mkdir()
    (folder / "third_party" / "mgecc").symlink_to(ROOT)
    (folder / ".bazelignore").write_text("third_party/mgecc\n")
    packages = f'mgecc_packages(name = "mgecc_packages", python = "{sys.executable}")'
    (folder / "WORKSPACE").write_text(workspace.replace('mgecc_packages(name = "mgecc_packages")', packages))
    (folder / "BUILD").write_text(build + MORE + CROSS)
    (folder / "main.c").write_text(MAIN)
    for model in ("digits", "digits_int8", "mobilenet"):
        shutil.copytree(ROOT / "models" / model, folder / model)
    expected = dict(np.load(folder / "digits" / "expected.npz"))
    np.savez(folder / "wrong.npz", **{key: -array for key, array in expected.items()})
    return folder


@pytest.fixture(scope="module")
def bazel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bazel]:
    needs_bazel()
    folder = tmp_path_factory.mktemp("bazel")
    opened = open_workspace(write_workspace(folder / "user"), folder)
    yield opened
    opened.stop()


def runs_here() -> None:
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("the workspace is built for this machine, and its numbers are known for x86_64")


def steps(said: str) -> int:
    """How many processes a build started."""
    return sum(int(n) for n in re.findall(r"(\d+) (?:linux-sandbox|processwrapper-sandbox|local)\b", said))


def test_the_commands_of_the_page_build_a_program_and_test_its_model(bazel: Bazel) -> None:
    runs_here()
    for line in BLOCKS[1].splitlines():
        said = bazel(*line.split()[1:])
    assert "//:digits_test" in said and "PASSED" in said
    assert printed(["bazel-bin/app"], bazel.workspace) == "ran\n"
    with (bazel.workspace / "digits" / "model.yaml").open("a") as file:
        file.write("# a comment\n")
    assert steps(bazel("build", "-c", "opt", "//:app")) == 1  # the model is compiled to the same C
    assert steps(bazel("build", "-c", "opt", "//:app")) == 0


def test_pipelines_image_functions_and_large_models_are_libraries_too(bazel: Bazel) -> None:
    runs_here()
    bazel("build", "-c", "opt", "//:all", "--output_groups=+sources,+report")
    made = bazel.workspace / "bazel-bin"
    assert (made / "libboth.a").is_file() and (made / "both/include/digits_int8.h").is_file()
    assert (made / "libpictures.a").is_file() and (made / "pictures/include/pictures_cv.h").is_file()
    assert [path.name for path in (made / "large/assembly").iterdir()] == ["large_blob.S"]
    said = bazel(
        "test", "-c", "opt", "//:large_test", "//:plain_test", "//:wrong_test", "--test_output=all", status=3
    )
    assert len(re.findall(r"//:(?:large|plain)_test +PASSED", said)) == 2 and "WRONG" in said


def test_the_platform_chooses_target_and_toolchain(bazel: Bazel) -> None:
    if not shutil.which("aarch64-linux-gnu-gcc") or not shutil.which("qemu-aarch64-static"):
        pytest.skip(
            "there is no cross compiler or no emulator: apt-get install gcc-aarch64-linux-gnu qemu-user-static"
        )
    words = ["--platforms=//:arm64", "--extra_toolchains=//:arm64_toolchain"]
    resolution = "--incompatible_enable_cc_toolchain_resolution"
    said = bazel("test", "-c", "opt", "//:digits_test", *words, resolution, "--test_output=all")
    assert "digits on arm64" in said and re.search(r"//:digits_test +PASSED", said)


def test_the_compiler_reads_no_file_that_is_not_declared(bazel: Bazel) -> None:
    with (bazel.workspace / "BUILD").open("a") as file:
        file.write('mge_model(name = "alone", config = "digits/model.yaml")\n')
    said = bazel("build", "//:alone", "--spawn_strategy=sandboxed", status=1)
    assert "digits.mge" in said and "Compiling the model //:alone failed" in said


def test_a_farm_compiles_models_and_c_and_keeps_the_results(tmp_path: Path) -> None:
    """Workers have nothing but what actions declare; who builds the same later gets it from the cache."""
    runs_here()
    needs_bazel()
    with farm(workers=2) as remote:
        words = [
            f"--remote_executor={remote.address}",
            "--spawn_strategy=remote",
            "--remote_max_connections=20",
            "--remote_retries=10",
            "--jobs=4",
        ]
        bazel = open_workspace(write_workspace(tmp_path / "user"), tmp_path, *words)
        try:
            said = bazel("build", "-c", "opt", "//:app", "//:plain")
            ran = remote.actions()
            bazel("clean")
            again = bazel("build", "-c", "opt", "//:app", "//:plain")
        finally:
            bazel.stop()
    assert re.search(r"\b\d+ remote\b", said) and not steps(said)
    assert sum("rules/bazel/compile.py" in line for line in ran) == 2
    assert all(line.startswith("0 ") for line in ran)
    assert re.search(rf"\b{len(ran)} remote cache hit", again) and not steps(again)
    assert printed(["bazel-bin/app"], bazel.workspace) == "ran\n"


def test_the_module_form_says_the_same_as_the_workspace() -> None:
    """Debian's Bazel has no modules: the file is run with stand-ins for what it calls."""
    called: dict[str, dict[str, Any]] = {}

    def use_repo_rule(file: str, rule: str) -> Any:
        return lambda **given: called.update({rule: given})

    names = {"use_repo_rule": use_repo_rule, "bazel_dep": lambda **given: None}
    exec(BLOCKS[3], names)  # noqa: S102
    from_module = dict(called)
    called.clear()
    natives = {rule: use_repo_rule("", rule) for rule in ("new_local_repository", "mgecc_packages")}
    exec(BLOCKS[2], {"load": lambda *words: None, **natives})  # noqa: S102
    assert from_module == called and set(called) == {"new_local_repository", "mgecc_packages"}


def test_a_program_of_ones_own_is_verified_with_its_products_only(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["verify", str(ROOT / "models" / "digits"), "--target", "cortex-m0", "--program", "runner"]
    assert main(words) == 2 and "--program needs --products" in capsys.readouterr().err
    assert main([*words, "--products", "nowhere"]) == 2
    assert "nowhere/report.json: No such file" in capsys.readouterr().err
