"""The C that is written: names, determinism, and text that compiles without a warning."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from mgecc import emit
from mgecc.emit.dtypes import DTYPES
from mgecc.emit.naming import in_comment
from mgecc.targets import load_target
from strict import STRICT, STRICT_CXX
from tiny_program import AFFINE, COPY, tiny_program, with_input_names

INCLUDE = Path(__file__).resolve().parents[2] / "runtime" / "include"
X86 = load_target("x86_64")


def test_type_codes_are_those_of_the_runtime() -> None:
    enum = re.search(r"mgecc_dtype;\nenum \{(.*?)\}", (INCLUDE / "mgecc.h").read_text(), re.DOTALL)
    assert enum and re.findall(r"MGECC_\w+", re.sub(r"/\*.*?\*/", "", enum[1])) == [
        t.enum for t in DTYPES.values()
    ]
    assert [t.code for t in DTYPES.values()] == list(range(len(DTYPES)))


def test_kernels_stand_once_in_order_of_use() -> None:
    text = emit.kernels_c(tiny_program(), X86)
    symbols = [emit.kernel_symbol(k, X86) for k in (AFFINE, COPY)]
    assert re.findall(r"^/\* ---- (mgk_\w+) ---- \*/$", text, re.MULTILINE) == symbols
    assert f"   1  {symbols[1]}  (2 calls)" in text
    assert text.count("#define MG_KERNEL ") == 1 and text.isascii()


def test_symbols_tell_text_and_machine_apart_but_not_models() -> None:
    names = {
        emit.kernel_symbol(k, load_target(t))
        for k in (AFFINE, COPY)
        for t in ("x86_64", "arm64", "arm64+dot")
    }
    assert len(names) == 6 and all(re.fullmatch(r"mgk_(affine_f32|copy)_[0-9a-f]{8}", n) for n in names)
    other = emit.kernels_c(tiny_program(name="other"), X86)
    assert all(emit.kernel_symbol(k, X86) in other for k in (AFFINE, COPY))


def test_free_text_becomes_different_identifiers() -> None:
    program = with_input_names(tiny_program(), "a.b:0", "A b_0")
    assert emit.tensor_names(program.inputs) == ["a_b_0", "A_b_0_2"]
    assert emit.tensor_names(with_input_names(program, "", "日本").inputs) == ["_", "__2"]
    assert [emit.model_prefix(n) for n in ("mobilenet", "mgecc", "3d", "a-b", "")] == [
        *("mobilenet", "model_mgecc", "model_3d", "a_b", "model_"),
    ]


def test_free_text_cannot_leave_a_comment() -> None:
    assert in_comment("a*/b/*c\\\nd") == "a* /b/ *c??d"


@pytest.mark.parametrize("compiler", ["gcc -std=c99", "clang -std=c99", "g++ -x c++", "clang++ -x c++"])
def test_a_header_with_awkward_names_compiles(compiler: str, tmp_path: Path) -> None:
    program = with_input_names(tiny_program(name="mgecc"), "*/ int x;", "\\ é ??/")
    (tmp_path / "m.h").write_text(emit.header([program, replace(program, arena=4096)]), encoding="utf-8")
    use = "int f(const mgecc_model *m); int f(const mgecc_model *m) { return (int)model_mgecc_input_int_x(m)[0]; }"
    once = '#include "m.h"\n'
    (tmp_path / "m.c").write_text(f"{once}{once}{use}\n#if MODEL_MGECC_ARENA_SIZE != 4096\n#error\n#endif\n")
    flags = [f"-I{INCLUDE}", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    flags += STRICT_CXX if "++" in compiler else STRICT
    command = [*compiler.split(), *flags, "-c", "m.c", "-o", "m.o"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_linker_script_has_the_memory_of_the_board() -> None:
    template = (INCLUDE.parent / "port/cortexm/cortex-m.ld.j2").read_text()
    board = {"machine": "m", "flash": [0x60000000, 0x800], "ram": [0x70000000, 0x400], "vectors": [0, 0x200]}
    script = emit.linker_script(template, board)
    assert (
        "FLASH : ORIGIN = 0x60000000, LENGTH = 0x800" in script and "KEEP(*(.vectors)) } > VECTORS" in script
    )
    del board["vectors"]
    assert "KEEP(*(.vectors)) } > FLASH" in emit.linker_script(template, board)
