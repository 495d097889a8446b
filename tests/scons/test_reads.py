"""What a compiler or linker reads is what its output depends on, however it comes to read it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from mgecc.emit.linker import linker_script

from .conftest import Checkout, steps_in
from .test_firmware import user  # noqa: F401 -- a fixture

SCONSTRUCT = """
env = Environment(tools=[])
env.Tool("mgecc", toolpath=["third_party/mgecc/site_scons/site_tools"])
env.MgeSettings(cache={cache!r})
net = env.MgeModel("first", config="app/first.mge", target="baremetal", toolchain={toolchain!r})
flags = ["-include", "forced.h", "-Iapp/inc0", "-Iapp/inc1", "@app/more.rsp"]
env.Default(env.MgeFirmware("app", ["app/main.c", "app/table.S"], net, CPPPATH=["app"], CCFLAGS=flags,
                            CPPDEFINES={{"GEN": '<gen.h>', "GIVEN": '<given.h>'}}, linker_script="app/board.ld"))
"""
MAIN = """#include "port.h"
#define INNER "inner.h"
#include GEN
#include INNER
#include "byflag.h"
#include "inresponse.h"
#include <stdint.h>
#if __has_include("maybe.h")
#define MAYBE 1
#endif
#define WANTED "wanted.h"
#if __has_include(WANTED) || __has_include(GIVEN)
#define WISH 1
#endif
#define DATA "data.bin"
__asm__(".section .rodata\\n.global data\\ndata: .inc" "bin \\"app/" DATA "\\"\\n.previous");
extern const unsigned char data[], table[];
#ifdef MAYBE
const int maybe = 1;
#endif
int mg_main(int argc, char **argv)
{
    (void)argc, (void)argv;
    return FORCED + GENERATED + INNERMOST + BYFLAG + MORE + INRESPONSE + data[0] + table[0];
}
"""
FILES = {
    "main.c": MAIN,
    "table.S": '.section .rodata\n.global table\n.include "app/table.inc"\n',
    "table.inc": 'table: .incbin "app/table.bin"\n',
    "table.bin": "\1",
    "data.bin": "\2",
    "gen.h": "#define GENERATED 3\n",
    "inner.h": '#include "innermost.h"\n',
    "innermost.h": "#define INNERMOST 4\n",
    "inc1/byflag.h": "#define BYFLAG 5\n",
    "inc3/inresponse.h": "#define INRESPONSE 8\n",
    "more.rsp": "-DMORE=6 @app/deep.rsp\n",
    "deep.rsp": "-Iapp/inc2 -Iapp/inc3\n",
    "../forced.h": "#define FORCED 7\n",
    "regions.ld": "",
}
C, ASM, LINK = "CC baremetal main.o", "AS baremetal table.o", "LD baremetal app.elf"
# What is written, and the step that reads it.
CHANGES = [
    ("gen.h", "#define GENERATED 13\n", C),
    ("inner.h", '#include "innermost.h"\n\n', C),
    ("innermost.h", "#define INNERMOST 14\n", C),
    ("inc1/byflag.h", "#define BYFLAG 15\n", C),
    ("inc0/byflag.h", "#define BYFLAG 25\n", C),
    ("inc1/given.h", "", C),
    ("wanted.h", "", C),
    ("maybe.h", "", C),
    ("data.bin", "\12", C),
    ("more.rsp", "-DMORE=16 @app/deep.rsp\n", C),
    ("deep.rsp", "-Iapp/inc2\n-Iapp/inc3\n", C),
    ("inc3/inresponse.h", "#define INRESPONSE 18\n", C),
    ("inc2/inresponse.h", "#define INRESPONSE 28\n", C),
    ("inc0/port.h", '#include_next "port.h"\n', C),
    ("inc0/stdint.h", "#include_next <stdint.h>\n", C),
    ("../forced.h", "#define FORCED 17\n", C),
    ("table.inc", 'table: .incbin "app/table.bin"\n\n', ASM),
    ("table.bin", "\11", ASM),
    ("regions.ld", "/* other */\n", LINK),
]
BY_FLAGS = ("more.rsp", "deep.rsp", "../forced.h")  # read for each source


def write(root: Path, name: str, text: str) -> None:
    path = root / "app" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def prepare(root: Path, toolchain: str, cache: Path) -> None:
    """A firmware that reads files in all ways."""
    (root / "SConstruct").write_text(SCONSTRUCT.format(toolchain=toolchain, cache=str(cache)))
    port = root / "third_party" / "mgecc" / "runtime" / "port" / "cortexm"
    board = {"flash": (0, 1 << 20), "ram": (0x20000000, 64 << 10), "stack": 0x400}
    script = linker_script((port / "cortex-m.ld.j2").read_text(), board)
    for name, text in {**FILES, "board.ld": f"INCLUDE app/regions.ld\n{script}"}.items():
        write(root, name, text)


@pytest.mark.parametrize("toolchain", ["zig", "gcc", "clang"])
def test_what_a_tool_reads_is_what_its_output_depends_on(
    user: Checkout,  # noqa: F811
    tmp_path: Path,
    toolchain: str,
) -> None:
    program = {"gcc": "arm-none-eabi-gcc", "clang": "clang"}.get(toolchain, "true")
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    other = Checkout(tmp_path / "other")
    prepare(user.root, toolchain, tmp_path / "cache")
    shutil.copytree(user.root, other.root)
    user.scons()
    image = (user.root / "build/baremetal/app/app.bin").read_bytes()
    assert not list((user.root / "build").rglob("*.partial*"))
    assert steps_in(user.scons()) == []
    wrong = {}
    for name, text, step in CHANGES:
        write(user.root, name, text)
        made = [made for made in steps_in(user.scons()) if made in (C, ASM, LINK)]
        if step not in made or (step != LINK and {C, ASM} <= set(made) and name not in BY_FLAGS):
            wrong[name] = made
    assert wrong == {}
    assert steps_in(user.scons()) == []
    # Objects of the tree as it was come from the cache; those of the new one are not taken for them.
    assert "HIT baremetal main.o" in steps_in(other.scons())
    assert (other.root / "build/baremetal/app/app.bin").read_bytes() == image
    (other.root / "app" / "gen.h").write_text("#define GENERATED 23\n")
    shutil.rmtree(other.root / "build")
    assert C in steps_in(other.scons())


def test_headers_that_are_gone_are_missed(user: Checkout, tmp_path: Path) -> None:  # noqa: F811
    prepare(user.root, "zig", tmp_path / "cache")
    user.scons()
    (user.root / "app" / "innermost.h").unlink()
    assert "innermost.h" in user.scons(status=3)
    write(user.root, "innermost.h", FILES["innermost.h"])
    assert LINK not in steps_in(user.scons())


def test_equal_names_of_swapped_contents_have_other_keys(user: Checkout, tmp_path: Path) -> None:  # noqa: F811
    """Two headers of one name in two folders, whose contents change places."""
    prepare(user.root, "zig", tmp_path / "cache")
    text = '#include "a/size.h"\nint first = SIZE;\n#undef SIZE\n#include "b/size.h"\nint second = SIZE;\n'
    write(user.root, "main.c", text + MAIN)
    for number, folder in enumerate("ab"):
        write(user.root, f"{folder}/size.h", f"#define SIZE {number}\n")
    user.scons()
    for number, folder in enumerate("ba"):
        write(user.root, f"{folder}/size.h", f"#define SIZE {number}\n")
    assert C in steps_in(user.scons())
