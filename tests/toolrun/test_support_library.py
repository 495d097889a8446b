"""Programs for CPUs without double precision get the compiler's arithmetic for it, and only those."""

from pathlib import Path

import pytest
from mgecc.targets import ToolchainMissing, load_target, load_toolchain
from mgecc.toolrun.objects import compile_file
from mgecc.toolrun.process import ToolError
from mgecc.toolrun.runner import link_program

START = "double volatile a = 1.5, b = 0.5;\nvoid _start(void) { a = a / b; }\n"


def compiled(folder: Path, text: str) -> Path:
    source = folder / "start.c"
    source.write_text(text)
    return compile_file(
        source, folder / "start.o", load_toolchain("zig", load_target("baremetal")), [], "size"
    )


def test_double_precision_links_without_a_gcc(tmp_path: Path) -> None:
    tools = load_toolchain("zig", load_target("baremetal"))
    link_program(tools, tmp_path / "program", [compiled(tmp_path, START)])
    assert (tmp_path / "program").is_file()
    assert (tmp_path / "compiler_rt.a").is_file()


def test_programs_without_it_build_no_library(tmp_path: Path) -> None:
    tools = load_toolchain("zig", load_target("baremetal"))
    link_program(tools, tmp_path / "program", [compiled(tmp_path, "void _start(void) {}\n")])
    assert not (tmp_path / "compiler_rt.a").exists()


def test_it_is_built_once_for_a_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MGECC_CACHE", str(tmp_path / "cache"))
    tools = load_toolchain("zig", load_target("baremetal"))
    obj = compiled(tmp_path, START)
    for name in ("first", "second"):
        link_program(tools, tmp_path / name / "program", [obj])
    assert (tmp_path / "first" / "compiler_rt.cache").exists()
    assert not (tmp_path / "second" / "compiler_rt.cache").exists()
    first, second = ((tmp_path / name / "program").read_bytes() for name in ("first", "second"))
    assert first == second
    assert (tmp_path / "second" / "compiler_rt.a").is_file()


def test_what_no_library_has_stays_an_error(tmp_path: Path) -> None:
    tools = load_toolchain("zig", load_target("baremetal"))
    text = "int missing_function(void);\nvoid _start(void) { missing_function(); }\n"
    with pytest.raises(ToolError, match="missing_function"):
        link_program(tools, tmp_path / "program", [compiled(tmp_path, text)])


def test_clang_links_floats_of_cores_without_fpu(tmp_path: Path) -> None:
    try:
        tools = load_toolchain("clang", load_target("cortex-m3"))
    except ToolchainMissing as missing:
        pytest.skip(str(missing))
    (tmp_path / "start.c").write_text(START.replace("double", "float"))
    obj = compile_file(tmp_path / "start.c", tmp_path / "start.o", tools, [], "size")
    link_program(tools, tmp_path / "program", [obj])
    assert (tmp_path / "compiler_rt.a").is_file()
