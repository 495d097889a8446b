"""Construction variables mean in MgeFirmware what they mean in Program; sources of all kinds have objects."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from mgecc.scons.firmware import object_names
from mgecc.scons.flags import compile_flags, include_flags, libraries, link_flags
from SCons.Environment import Environment
from SCons.Errors import UserError

from .conftest import Checkout
from .test_firmware import user  # noqa: F401 -- a fixture

SHOW = '#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done >>"{words}"\nfor word; do :; done\n: >"$OUT"\n'
DEFINES = [
    {"VERSION": '\\"1.0\\"'},
    {"VERSION": "'\"1.0\"'", "LEVEL": 3, "PLAIN": None, "EMPTY": ""},
    [("VERSION", '\\"1.0\\"'), "PLAIN", ("LEVEL", 3), {"MORE": 1}, ["LISTED", 2]],
    "PLAIN LEVEL=3",
    ["TEXT='\"a b\"'", "CALL\\(x\\)=x", "DOLLAR=$WORD"],
    [],
]
VARIABLES = {
    "CFLAGS": ["-std=c11", "-DC_ONLY"],
    "CXXFLAGS": "-std=c++14 -DCXX_ONLY",
    "CCFLAGS": [
        "-O1",
        '-DQUOTED=\\"q\\"',
        "-DWORD=$WORD",
        "-DFILE=${SOURCE.filebase}",
        "-DMADE=${TARGET.file}",
    ],
    "CPPFLAGS": "-DPREPROCESSED='x y'",
    "ASFLAGS": "-DASSEMBLED",
    "WORD": "seven",
}


def words_of_program(folder: Path, source: str, variables: dict) -> list[str]:
    """The words that a compiler gets from SCons' own builder for a source."""
    show = folder / "show"
    words = folder / "words"
    show.write_text(SHOW.format(words=words))
    show.chmod(0o755)
    (folder / source).write_text("")
    env = Environment(tools=["gcc", "g++", "as"], CC=str(show), CXX=str(show), AS=str(show), **variables)
    env["ENV"]["OUT"] = str(folder / "out.o")
    (node,) = env.Object(str(folder / "out.o"), str(folder / source))
    words.unlink(missing_ok=True)
    here = Path.cwd()
    try:
        os.chdir(folder)
        node.get_executor()(node, exitstatfunc=lambda status: status)
    finally:
        os.chdir(here)
    given = words.read_text().splitlines()
    places = {"-c", "-o", str(folder / "out.o"), str(folder / source)}
    return [word for word in given if word not in places]


def files(env: Environment, source: str = "a.c") -> tuple[Any, Any]:
    """The nodes of a source and of its object."""
    return env.File(source), env.File("out.o")


@pytest.mark.parametrize("defines", DEFINES)
@pytest.mark.parametrize("source", ["a.c", "a.cpp", "a.S", "a.s"])
def test_flags_are_the_words_that_program_gives_its_compiler(
    tmp_path: Path, source: str, defines: object
) -> None:
    variables = {**VARIABLES, "CPPDEFINES": defines}
    wanted = words_of_program(tmp_path, source, variables)
    for tools in ([], ["gcc", "g++", "as"]):
        env = Environment(tools=tools, **variables)
        assert compile_flags(env, *files(env, source)) == wanted
    if defines:
        assert source == "a.s" or any(word.startswith("-D") for word in wanted)


AFFIXES = [
    {"CPPDEFSUFFIX": "_ON"},
    {"CPPDEFPREFIX": "-U"},
    {"CPPDEFPREFIX": "-D ", "CPPDEFSUFFIX": "=$WORD"},
    {"CPPDEFPREFIX": "-imacros ", "CPPDEFSUFFIX": " -C"},
]


@pytest.mark.parametrize("affixes", AFFIXES)
@pytest.mark.parametrize("defines", DEFINES)
def test_affixes_of_definitions_are_those_of_program(
    tmp_path: Path, affixes: dict[str, str], defines: object
) -> None:
    variables = {"WORD": "seven", "CPPDEFINES": defines, **affixes}
    wanted = words_of_program(tmp_path, "a.c", variables)
    for tools in ([], ["gcc", "g++", "as"]):
        env = Environment(tools=tools, **variables)
        assert compile_flags(env, *files(env)) == wanted


def test_a_string_in_double_quotes_has_the_affixes_too() -> None:
    env = Environment(tools=[], CPPDEFINES={"FILE": '"gen.h"'}, CPPDEFPREFIX="-D ", CPPDEFSUFFIX=" -C")
    assert compile_flags(env, *files(env)) == ["-D", 'FILE="gen.h"', "-C"]


@pytest.mark.parametrize(
    "affixes",
    [{}, {"INCPREFIX": "-isystem "}, {"INCPREFIX": "-iquote", "INCSUFFIX": "/inc"}, {"INCSUFFIX": "/$WORD"}],
)
def test_affixes_of_folders_of_headers_are_those_of_program(tmp_path: Path, affixes: dict[str, str]) -> None:
    variables = {"CPPPATH": ["one", "two"], "WORD": "seven", **affixes}
    wanted = words_of_program(tmp_path, "a.c", variables)
    env = Environment(tools=[], **variables)
    assert include_flags(env, ["one", "two"]) == (wanted if affixes else [])


def test_affixes_of_folders_of_libraries_are_those_of_program() -> None:
    for affixes in ({}, {"LIBDIRPREFIX": "-B "}, {"LIBDIRSUFFIX": "/$WORD"}):
        env = Environment(tools=["gnulink"], LIBPATH=["one", "two"], WORD="seven", **affixes)
        wanted = [str(word) for word in env.subst_list("$( $_LIBDIRFLAGS $)", target=env.File("a"))[0]]
        env = Environment(tools=[], LIBPATH=["one", "two"], WORD="seven", **affixes)
        assert link_flags(env, env.File("a.elf"), through_compiler=True) == wanted


def test_affixes_for_compilers_of_another_kind_are_left_aside() -> None:
    env = Environment(tools=[], CPPDEFINES="A", LIBPATH="libs", LIBS=["m"], CPPDEFPREFIX="/D", INCPREFIX="/I",
                      LIBDIRPREFIX="/LIBPATH:", LIBLINKPREFIX="", LIBLINKSUFFIX="$LIBSUFFIX")  # fmt: skip
    assert compile_flags(env, *files(env)) == ["-DA"] and include_flags(env, ["one"]) == []
    assert link_flags(env, env.File("a.elf"), through_compiler=True) == ["-Llibs"]
    assert libraries(env) == ([], ["-lm"])


def test_a_string_in_double_quotes_stays_one() -> None:
    env = Environment(tools=[], CPPDEFINES={"FILE": '"gen.h"'})
    assert compile_flags(env, *files(env)) == ['-DFILE="gen.h"']


@pytest.mark.parametrize("variable", ["CCFLAGS", "CPPDEFINES"])
def test_quotes_that_do_not_end_are_named(variable: str) -> None:
    env = Environment(tools=[], **{variable: ["GREETING='hello", "OTHER"]})
    with pytest.raises(UserError, match=rf"MgeFirmware: {variable}: No closing quotation: .*'hello"):
        compile_flags(env, *files(env))


def test_flags_for_a_linker_are_those_for_a_compiler_that_links() -> None:
    given = {"LINKFLAGS": "-Wl,--defsym,level=3 -Xlinker --no-check-sections -nostdlib", "LIBPATH": ["libs"]}
    env = Environment(tools=[], **given)
    program = env.File("app.elf")
    assert link_flags(env, program, through_compiler=True)[0] == "-Wl,--defsym,level=3"
    alone = link_flags(env, program, through_compiler=False)
    assert alone == ["--defsym", "level=3", "--no-check-sections", "-Llibs"]


def test_flags_for_a_linker_may_name_its_program() -> None:
    env = Environment(tools=[], LINKFLAGS="-Wl,-Map=${TARGET.base}.map")
    assert link_flags(env, env.File("app.elf"), through_compiler=False) == ["-Map=app.map"]


LIBS = ["m", "m gain", ["m", "libgain.a"], [":libgain.a"], ["$OWN"], ["libgain.so"], ("m", "m"), []]


@pytest.mark.parametrize("libs", LIBS)
def test_libraries_are_the_words_that_program_gives_its_linker(libs: object) -> None:
    env = Environment(tools=["gnulink"], LIBS=libs.split() if isinstance(libs, str) else libs, OWN=["a", "b"])
    wanted = [str(word) for word in env.subst_list("$_LIBFLAGS")[0]] if libs else []
    for tools in ([], ["gnulink"]):
        assert libraries(Environment(tools=tools, LIBS=libs, OWN=["a", "b"])) == ([], wanted)


@pytest.mark.parametrize(
    "affixes", [{"LIBLINKSUFFIX": "_r"}, {"LIBLINKPREFIX": "-l:lib", "LIBLINKSUFFIX": ".a"}]
)
def test_affixes_of_libraries_are_those_of_program(affixes: dict[str, str]) -> None:
    env = Environment(tools=["gnulink"], LIBS=["m", "libgain.a"], **affixes)
    wanted = [str(word) for word in env.subst_list("$_LIBFLAGS")[0]]
    for tools in ([], ["gnulink"]):
        assert libraries(Environment(tools=tools, LIBS=["m", "libgain.a"], **affixes)) == ([], wanted)


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["main.c", "src/boot.c"], ["main", "boot"]),
        (["src/boot.c", "src/boot.S", "main.c"], ["boot.c", "boot.S", "main"]),
        (["drv/spi/src/init.c", "drv/i2c/src/init.c"], ["spi_src_init", "i2c_src_init"]),
        (["a/init.c", "b/init.c", "a_init.c"], ["a_init.c", "b_init", "a_init"]),
        (["../x/a.c", "/x/a.c"], ["up_x_a", "x_a"]),
    ],
)
def test_objects_have_short_names_that_differ(paths: list[str], names: list[str]) -> None:
    found = object_names(paths)
    assert len(set(found)) == len(paths)
    assert found == names
    assert all("/" not in name and ".." not in name for name in found)


def test_no_two_sources_share_an_object() -> None:
    parts = ["a", "b", "a_b", "..", "a-b"]
    paths = [f"{x}/{y}/{name}" for x in parts for y in parts for name in ("a.c", "a.S", "a_a.c", "b_a.cc")]
    paths += ["a.c", "b_a.c", "a_b_a.c", "/a/a.c", "/a.c"]
    assert len(set(object_names(paths))) == len(paths)


SCONSTRUCT = """
env = Environment(tools=[])
env.Tool("mgecc", toolpath=["third_party/mgecc/site_scons/site_tools"])
for target in {targets}:
    net = env.MgeModel("first", config="app/first.mge", target=target, toolchain={toolchain!r})
    sources = ["app/main.cpp", "app/a/init.c", "app/b/init.c", "app/b/init.S", "app/gain.c"]
    own = {{"CPPPATH": "app/inc", "INCPREFIX": "-isystem ", "CFLAGS": "-std=c11"}}
    app = env.MgeFirmware("app", sources, net, CPPDEFINES={{"VERSION": '\\\\"1.0\\\\"'}}, **own)
    env.Default(env.MgeTest("check-" + net.label, app, expected="app/want.txt"))
"""
CPP = """#include "port.h"
#include "first.h"
extern "C" int a_init(void), b_init(void), b_init_s(void), gain(void);
namespace {
struct Shape { virtual ~Shape() {} virtual int sides() const = 0; };
struct Square : Shape { int count; explicit Square(int n) : count(n) {} int sides() const override { return count; } };
volatile int four = 4;
Square square(four);
Shape *shape = &square;
}
extern "C" int mg_main(int, char **)
{
    const int sum = shape->sides() + a_init() + b_init() + b_init_s() + gain();
    mg_port_print(sum == 4 + 1 + 2 + 3 + 5 ? "constructed " VERSION "\\n" : "not constructed\\n");
    return 0;
}
"""
ASM = """.text
.global b_init_s
.type b_init_s, %function
#ifdef __thumb__
.thumb_func
#endif
b_init_s: mov r0, #3
bx lr
"""


def can_run(toolchain: str) -> str:
    programs = ["qemu-system-arm", *{"gcc": ["arm-none-eabi-g++"], "clang": ["clang++"]}.get(toolchain, [])]
    return next((program for program in programs if not shutil.which(program)), "")


@pytest.mark.parametrize("toolchain", ["zig", "gcc", "clang"])
def test_a_firmware_in_all_languages_runs(user: Checkout, toolchain: str) -> None:  # noqa: F811
    missing = can_run(toolchain)
    if missing:
        pytest.skip(f"{missing} is not installed")
    app = user.root / "app"
    targets = (
        ["baremetal"] if toolchain != "zig" or not shutil.which("qemu-arm-static") else ["baremetal", "armv7"]
    )
    (user.root / "SConstruct").write_text(SCONSTRUCT.format(toolchain=toolchain, targets=targets))
    (app / "want.txt").write_text("constructed 1.0\n")
    (app / "main.cpp").write_text(CPP)
    for number, folder in enumerate("ab", 1):
        (app / folder).mkdir()
        (app / folder / "init.c").write_text(
            f"int {folder}_init(void);\nint {folder}_init(void) {{ return {number}; }}\n"
        )
    (app / "b" / "init.S").write_text(ASM)
    (app / "inc").mkdir()
    (app / "inc" / "gain.h").write_text("int gain(void);\n#define GAIN 5\n")
    (app / "gain.c").write_text('#include <gain.h>\nint gain(void) { _Static_assert(1, ""); return GAIN; }\n')
    assert "constructed 1.0" in user.scons()
    assert "TEST" not in user.scons()
    (app / "inc" / "gain.h").write_text("int gain(void);\n#define GAIN 6\n")
    assert "not constructed" in user.scons(status=1)
