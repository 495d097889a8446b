"""Image functions give the same bytes on every machine, also those in single precision."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from image_program import CASES, program
from mgecc.cv import cv_c, cv_functions, cv_h
from mgecc.targets import Target, ToolchainMissing, load_target, load_toolchain
from mgecc.toolrun.emulators import launcher
from mgecc.toolrun.sources import (
    board_script,
    include_folder,
    runner_includes,
    runner_sources,
    runtime_folder,
)

MACHINES = [
    ("arm64", "gcc"),
    ("arm64", "zig"),
    ("armv7", "gcc"),
    ("armv7", "zig"),
    ("baremetal", "gcc"),
    ("x86_64", "zig"),
]
# Plain C on hardware without double precision calls the compiler's own library, which zig's linker is not given.


def write_sources(folder: Path, target: Target) -> list[Path]:
    (folder / "all_cv.h").write_text(cv_h(cv_functions(), "all"))
    (folder / "all_cv.c").write_text(cv_c(cv_functions(), target))
    (folder / "images.c").write_text(program(CASES))
    return [folder / "all_cv.c", folder / "images.c"]


def check(command: Sequence[object], folder: Path) -> str:
    done = subprocess.run(
        [*map(str, command)], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"[:4000]
    return done.stdout + done.stderr


def build(folder: Path, target: Target, toolchain: str) -> Path:
    tools = load_toolchain(toolchain, target)
    port = [path for path in runner_sources(target)]
    objects = []
    for source in [*write_sources(folder, target), *port]:
        objects.append(folder / f"{source.stem}.o")
        said = check(
            [*tools.compile_args(source, objects[-1], [folder, *runner_includes(target)]), "-Werror"], folder
        )
        assert said == ""
    script = None
    if target.boards:
        script = folder / "board.ld"
        script.write_text(board_script(target.boards[0]))
    check(tools.link_program_args(folder / "images", objects, script), folder)
    return folder / "images"


def start(target: Target, images: Path) -> list[str]:
    if not target.boards:
        return [*launcher(target), str(images)]
    options = ["-M", target.boards[0]["machine"], "-nographic", "-monitor", "none", "-serial", "none"]
    return [
        *launcher(target),
        *options,
        "-kernel",
        str(images),
        "-semihosting-config",
        "enable=on,target=native",
    ]


@pytest.mark.parametrize(("name", "toolchain"), MACHINES)
def test_every_function_gives_the_same_bytes(name: str, toolchain: str, tmp_path: Path) -> None:
    target = load_target(name)
    try:
        images = build(tmp_path, target, toolchain)
        command = start(target, images)
    except ToolchainMissing as missing:
        pytest.skip(str(missing))
    assert check(command, tmp_path) == "done\n"


def test_nothing_is_read_or_computed_that_must_not_be(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    sources = write_sources(tmp_path, load_target("baremetal"))
    (tmp_path / "port.c").write_text(
        "#include <stdio.h>\nint mg_main(int argc, char **argv);\n"
        "void mg_port_print(const char *text) { fputs(text, stdout); }\n"
        "int main(int argc, char **argv) { return mg_main(argc, argv); }\n"
    )
    sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    folders = [f"-I{folder}" for folder in (tmp_path, include_folder(), runtime_folder() / "runner")]
    check(
        ["gcc", "-std=gnu11", "-O1", "-g", *sanitize, *folders, *sources, "port.c", "-o", "images"], tmp_path
    )
    assert check([tmp_path / "images"], tmp_path) == "done\n"


def test_every_function_runs_on_every_machine() -> None:
    assert {case[0] for case in CASES} == set(cv_functions())
