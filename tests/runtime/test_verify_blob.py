"""What `verify_blob` promises: when the blob that is linked in is checked, and what is in the image then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from build_runner import check, target_of, write_model
from elftools.elf.elffile import ELFFile
from mgecc import emit
from mgecc.planner import Program, StatePlace
from mgecc.targets import ToolchainMissing, load_toolchain
from mgecc.toolrun.sources import include_folder, runner_includes, runtime_sources
from strict import STRICT
from tiny_program import COPY, FLOATS, sized_program, tiny_program

KINDS = ["always", "once", "never"]
OK, CRC, KERNELS, ARENA, ALIGN, ARGUMENT = 0, 4, 5, 7, 8, 9

# The blob lies in memory that can be written, so that it can be damaged while the program runs.
DAMAGE = r"""
#include "tiny.h"
#include <stdio.h>
extern unsigned char tiny_blob[];
extern const uint32_t tiny_blob_size;
static MGECC_ALIGNED unsigned char arena[(TINY_ARENA_SIZE + 63) / 64 * 64];
int main(void)
{
    mgecc_model m;
    unsigned char *last = tiny_blob + tiny_blob_size - 1;
    printf("%d ", tiny_open(&m, NULL, 0));
    *last ^= 1;
    printf("%d ", tiny_open(&m, arena, TINY_ARENA_SIZE));
    *last ^= 1;
    printf("%d ", tiny_open(&m, arena, TINY_ARENA_SIZE));
    *last ^= 1;
    printf("%d ", tiny_open(&m, arena, TINY_ARENA_SIZE));
    printf("%d ", tiny_run(&m));
    printf("%d ", tiny_open_blob(&m, tiny_blob, tiny_blob_size, arena, TINY_ARENA_SIZE));
    printf("%d ", tiny_open(&m, arena, TINY_ARENA_SIZE - 1));
    printf("%d %d ", tiny_open(&m, arena + 4, TINY_ARENA_SIZE), tiny_open(NULL, arena, TINY_ARENA_SIZE));
    printf("%d\n", tiny_run(&m));
    return 0;
}
"""
HAPPENS = {
    "always": [ARGUMENT, CRC, OK, CRC, ARGUMENT, CRC, CRC, ALIGN, ARGUMENT, ARGUMENT],
    "once": [ARGUMENT, CRC, OK, OK, OK, CRC, ARENA, ALIGN, ARGUMENT, ARGUMENT],
    "never": [ARGUMENT, OK, OK, OK, OK, CRC, ARENA, ALIGN, ARGUMENT, ARGUMENT],
}


def built(program: Program, main: str, folder: Path) -> str:
    """What a program prints that holds a model whose blob can be written to; with sanitizers."""
    write_model(program, target_of("x86_64"), folder)
    blob = emit.blob_c("tiny", (folder / "tiny.blob").read_bytes())
    (folder / "blob.c").write_text(blob.replace("const unsigned char", "unsigned char"))
    (folder / "main.c").write_text(main)
    flags = ["-std=c99", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    flags += ["-Wall", "-Wextra", "-Werror", *STRICT, f"-I{include_folder()}", "-I."]
    sized = bool(program.sizes)
    sources = ["main.c", "blob.c", "tiny_kernels.c", *runtime_sources(sized, trusted=True)]
    check(["gcc", *flags, *target_of("x86_64").cflags, *sources, "-o", "main"], folder)
    return check(["./main"], folder)


@pytest.mark.parametrize("kind", KINDS)
def test_the_linked_blob_is_checked_as_often_as_said_and_others_always(kind: str, tmp_path: Path) -> None:
    said = built(replace(tiny_program(), verify_blob=kind), DAMAGE, tmp_path)
    assert [int(word) for word in said.split()] == HAPPENS[kind]


STATES = r"""
#include "tiny.h"
#include <stdio.h>
static MGECC_ALIGNED unsigned char arena[(TINY_ARENA_SIZE + 63) / 64 * 64];
int main(void)
{
    mgecc_model m;
    for (int i = 0; i < 2; i++) {
        arena[0] = 7;
        printf("%d ", tiny_open(&m, arena, TINY_ARENA_SIZE));
        printf("%d ", arena[0]);
    }
    printf("%d\n", tiny_open(&m, arena, 1));
    return 0;
}
"""


@pytest.mark.parametrize("kind", KINDS)
def test_states_begin_anew_however_the_blob_is_opened(kind: str, tmp_path: Path) -> None:
    base = tiny_program()
    state = StatePlace("memory", FLOATS, base.inputs[0].ref)
    program = replace(base, verify_blob=kind, states=(state,))
    assert built(program, STATES, tmp_path) == f"0 0 0 0 {ARENA}\n"


SIZES = r"""
#include "tiny.h"
#include <stdio.h>
extern unsigned char tiny_blob[];
extern const uint32_t tiny_blob_size;
static MGECC_ALIGNED unsigned char arena[(TINY_ARENA_SIZE + 63) / 64 * 64];
int main(void)
{
    mgecc_dynamic m;
    for (int i = 0; i < 2; i++) {
        printf("%d ", tiny_open(&m, arena, TINY_ARENA_SIZE));
        printf("%d %d ", tiny_set_sizes(&m, 4), tiny_run(&m));
        tiny_blob[tiny_blob_size - 1] ^= 1;
    }
    printf("%d %d\n", tiny_open(NULL, arena, TINY_ARENA_SIZE), tiny_open(&m, arena, 8));
    return 0;
}
"""


@pytest.mark.parametrize(("kind", "again"), [("always", "4 9 9"), ("once", "0 0 0"), ("never", "0 0 0")])
def test_declared_sizes_are_set_however_the_blob_is_opened(kind: str, again: str, tmp_path: Path) -> None:
    said = built(replace(sized_program(), verify_blob=kind), SIZES, tmp_path)
    assert said == f"0 0 0 {again} {ARGUMENT} {ARENA}\n"


SETS = r"""
#include "tiny.h"
#include <stdio.h>
extern unsigned char tiny_blob[];
static MGECC_ALIGNED unsigned char arena[(TINY_ARENA_SIZE + 63) / 64 * 64];
int main(void)
{
    mgecc_model m;
    unsigned char *crc = tiny_blob + 12;
    printf("%d ", tiny_open_shapes(&m, 1, arena, TINY_ARENA_SIZE));
    *crc ^= 1;
    for (unsigned i = 0; i < 4; i++)
        printf("%d ", tiny_open_shapes(&m, i, arena, TINY_ARENA_SIZE));
    printf("%d\n", tiny_open(&m, arena, TINY_ARENA_SIZE));
    return 0;
}
"""


@pytest.mark.parametrize(
    ("kind", "said"), [("always", "0 4 4 9 9 4"), ("once", "0 4 0 9 9 4"), ("never", "0 0 0 9 9 0")]
)
def test_each_set_of_input_shapes_is_checked_for_itself(
    kind: str, said: str, tmp_path: Path, monkeypatch
) -> None:
    first = replace(tiny_program(), verify_blob=kind)
    x, ints = first.inputs
    second = replace(first, inputs=(replace(x, type=x.type.with_shape((3, 2))), ints))
    target = target_of("x86_64")
    monkeypatch.setattr(emit, "header", lambda _, make=emit.header: make([first, second]))
    monkeypatch.setattr(
        emit, "write_blob", lambda *_, make=emit.write_blob: make([first, second], [target] * 2)
    )
    monkeypatch.setattr(emit, "kernels_c", lambda *_, make=emit.kernels_c: make(first, target, second))
    assert built(first, SETS, tmp_path) == f"{said}\n"


HOOK = r"""
#include "tiny.h"
#include <stdio.h>
static unsigned calls;
static size_t bytes;
uint32_t mgecc_crc32(uint32_t crc, const unsigned char *at, size_t count)
{
    calls++;
    bytes += count;
    for (crc = ~crc; count; count--) {
        crc ^= *at++;
        for (int i = 0; i < 8; i++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}
static MGECC_ALIGNED unsigned char arena[(TINY_ARENA_SIZE + 63) / 64 * 64];
int main(void)
{
    mgecc_model m;
    printf("%d ", tiny_open(&m, arena, TINY_ARENA_SIZE));
    printf("%u %u\n", calls, (unsigned)bytes);
    return 0;
}
"""


def test_an_applications_checksum_takes_the_place_of_the_librarys(tmp_path: Path) -> None:
    said = built(tiny_program(), HOOK, tmp_path)
    assert said == f"0 2 {(tmp_path / 'tiny.blob').stat().st_size - 4}\n"


FIRMWARE = """
#include "tiny.h"
static MGECC_ALIGNED unsigned char arena[TINY_ARENA_SIZE];
void *memset(void *to, int byte, size_t count);
void *memcpy(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count)
{
    for (volatile unsigned char *at = to; count; count--)
        *at++ = (unsigned char)byte;
    return to;
}
void *memcpy(void *to, const void *from, size_t count)
{
    const unsigned char *byte = from;
    for (volatile unsigned char *at = to; count; count--)
        *at++ = *byte++;
    return to;
}
void _start(void);
void _start(void)
{
    mgecc_model m;
    if (tiny_open(&m, arena, sizeof arena) == MGECC_OK)
        tiny_run(&m);
}
"""
MOST = {"always": 1960, "once": 2100, "never": 340}


def linked(core: str, toolchain: str, kind: str, folder: Path) -> dict[str, int]:
    """Bytes of code and constants of the runtime's in a program that opens and runs a model, by symbol."""
    target = target_of(core)
    tools = load_toolchain(toolchain, target)
    base = tiny_program(target=core)
    copies = tuple(call for call in base.calls if call.kernel is COPY)
    write_model(replace(base, calls=copies, verify_blob=kind), target, folder)
    (folder / "main.c").write_text(FIRMWARE)
    runtime = runtime_sources(trusted=True)
    sources = [folder / "main.c", folder / "tiny_kernels.c", folder / "tiny_blob.S", *runtime]
    objects = [folder / f"{source.stem}.o" for source in sources]
    for source, obj in zip(sources, objects):
        includes = [folder, *runner_includes(target)]
        assert check([*tools.compile_args(source, obj, includes, "size"), "-Werror"], folder) == ""
    owners = {s for path in objects if path.stem in {p.stem for p in runtime} for s in symbols(path)}
    check(tools.link_program_args(folder / "program", objects), folder)
    return {name: size for name, size in symbols(folder / "program").items() if name in owners}


def symbols(path: Path) -> dict[str, int]:
    with path.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        kinds = ("STT_FUNC", "STT_OBJECT")
        return {
            s.name: s["st_size"]
            for s in table.iter_symbols()
            if s["st_info"]["type"] in kinds and s["st_shndx"] != "SHN_UNDEF"
        }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4"])
@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
def test_the_runtime_in_an_image_is_small_and_has_no_checks_where_none_are_made(
    toolchain: str, core: str, kind: str, tmp_path: Path
) -> None:
    try:
        found = linked(core, toolchain, kind, tmp_path)
    except ToolchainMissing as missing:
        pytest.skip(str(missing))
    checks = {"mgecc_open", "mgecc_crc32", "mgecc_sha256"}
    assert found.keys() & checks == (set() if kind == "never" else checks)
    assert "mgecc_run" in found and 50 < sum(found.values()) <= MOST[kind], found


def test_libraries_that_always_check_hold_no_code_that_trusts() -> None:
    names = {path.name for path in runtime_sources(sizes=True, threads=True)}
    assert not {"trusted.c", "trusted_sizes.c"} & names
    assert "trusted_sizes.c" not in {path.name for path in runtime_sources(trusted=True)}
