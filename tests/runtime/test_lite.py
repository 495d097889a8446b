"""The C interface of MegCC over libraries of mgecc: an application that knows nothing else runs as it is."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from build_runner import check, target_of, write_model
from mgecc import emit
from mgecc.planner import Program
from mgecc.toolrun.sources import include_folder, runtime_folder, runtime_sources
from strict import STRICT, STRICT_CXX
from tiny_program import bound_program, sized_program, tiny_program

LITE = runtime_folder() / "lite"
X86 = target_of("x86_64")

# Written from MegCC's documentation of its interface, for any network of floats and integers.
APPLICATION = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lite-c/common_enum_c.h"
#include "lite-c/global_c.h"
#include "lite-c/network_c.h"
#include "lite-c/tensor_c.h"

#define CHECK(call) do { if (call) { fprintf(stderr, "failed: %s\n", #call); return 1; } } while (0)

int main(int argc, char **argv)
{
    LiteNetwork network;
    size_t inputs = 0, outputs = 0;
    const char *names[8];
    LiteLogLevel level;
    if (argc < 2)
        return 2;
    CHECK(LITE_set_log_level(LITE_WARN));
    CHECK(LITE_get_log_level(&level));
    CHECK(LITE_make_network(&network, *default_config(), *default_network_io()));
    CHECK(LITE_load_model_from_path(network, argv[1]));
    CHECK(LITE_get_all_input_name(network, &inputs, NULL));
    CHECK(LITE_get_all_input_name(network, NULL, names));
    void *kept[8] = {0};
    for (size_t i = 0; i < inputs; i++) {
        LiteTensor tensor;
        LiteLayout layout;
        size_t bytes;
        CHECK(LITE_get_io_tensor(network, names[i], LITE_INPUT, &tensor));
        CHECK(LITE_get_tensor_layout(tensor, &layout));
        if (argc > 2 && i == 0) {
            layout.shapes[0] = (size_t)atoi(argv[2]);
            CHECK(LITE_set_tensor_layout(tensor, layout));
        }
        CHECK(LITE_get_tensor_total_size_in_byte(tensor, &bytes));
        kept[i] = malloc(bytes);
        memset(kept[i], 0, bytes);
        CHECK(LITE_reset_tensor_memory(tensor, kept[i], bytes));
        /* Filled afterwards: the network reads it when it runs. */
        for (size_t k = 0; k < bytes / 4; k++)
            if (layout.data_type == LITE_INT)
                ((int *)kept[i])[k] = (int)(3 * k);
            else
                ((float *)kept[i])[k] = (float)k;
        CHECK(LITE_destroy_tensor(tensor));
    }
    for (int run = 0; run < 2; run++) {
        CHECK(LITE_forward(network));
        CHECK(LITE_wait(network));
    }
    CHECK(LITE_get_all_output_name(network, &outputs, names));
    for (size_t i = 0; i < outputs; i++) {
        LiteTensor tensor;
        LiteLayout layout;
        const char *name;
        void *data;
        CHECK(LITE_get_output_name(network, i, &name));
        CHECK(strcmp(name, names[i]) != 0);
        CHECK(LITE_get_io_tensor(network, name, LITE_OUTPUT, &tensor));
        CHECK(LITE_get_tensor_layout(tensor, &layout));
        CHECK(LITE_get_tensor_memory(tensor, &data));
        size_t count = 1;
        printf("%s", name);
        for (size_t k = 0; k < layout.ndim; k++) {
            printf("%c%d", k ? 'x' : ' ', (int)layout.shapes[k]);
            count *= layout.shapes[k];
        }
        for (size_t k = 0; k < count; k++)
            if (layout.data_type == LITE_FLOAT)
                printf(" %.3g", (double)((float *)data)[k]);
            else
                printf(" %d", ((signed char *)data)[k]);
        printf("\n");
        CHECK(LITE_destroy_tensor(tensor));
    }
    CHECK(LITE_destroy_network(network));
    for (size_t i = 0; i < inputs; i++)
        free(kept[i]);
    printf("%d\n", level == LITE_WARN);
    return 0;
}
"""
MODELS = r"""
#include "mgecc_lite.h"
#include "tiny.h"
#include "pair.h"
#include "sized.h"
MGECC_LITE_MODEL(tiny, TINY)
MGECC_LITE_MODEL_SHAPES(pair, PAIR)
MGECC_LITE_MODEL_SIZES(sized, SIZED)
const mgecc_lite_model *const mgecc_lite_models[] = {MGECC_LITE(tiny), MGECC_LITE(pair), MGECC_LITE(sized), NULL};
"""
SHARED = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lite-c/network_c.h"
static void *read_all(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    void *memory = malloc(1 << 20);
    *size = fread(memory, 1, 1 << 20, file);
    fclose(file);
    return memory;
}
static LiteTensor get(LiteNetwork n, const char *name, LiteTensorPhase phase)
{
    LiteTensor t = NULL;
    return LITE_get_io_tensor(n, name, phase, &t) ? NULL : t;
}
static float last(LiteNetwork n, float x0)
{
    LiteTensor x = get(n, "first.input:0", LITE_INPUT), ints = get(n, "ints", LITE_IO), y = get(n, "y", LITE_OUTPUT);
    void *data;
    LITE_get_tensor_memory(x, &data);
    for (int k = 0; k < 6; k++)
        ((float *)data)[k] = x0;
    LITE_get_tensor_memory(ints, &data);
    for (int k = 0; k < 6; k++)
        ((int *)data)[k] = 3 * k;
    int failed = LITE_forward(n);
    LITE_get_tensor_memory(y, &data);
    LITE_destroy_tensor(x), LITE_destroy_tensor(ints), LITE_destroy_tensor(y);
    return failed ? -1000 : ((float *)data)[5];
}
int main(int argc, char **argv)
{
    LiteNetwork a = NULL, b = NULL, c = NULL, none = NULL;
    LiteLayout layout;
    size_t sizes[2];
    void *blobs[2], *data;
    float y[6] = {0};
    (void)argc;
    for (int i = 0; i < 2; i++)
        blobs[i] = read_all(argv[1 + i], &sizes[i]);
    LITE_make_network(&a, *default_config(), *default_network_io());
    LITE_make_network(&b, *default_config(), *default_network_io());
    LITE_make_network(&c, *default_config(), *default_network_io());
    printf("%d ", LITE_forward(a));
    printf("%d ", LITE_load_model_from_mem(a, blobs[0], sizes[0]));
    memset(blobs[0], 0, sizes[0]);
    printf("%d ", LITE_share_runtime_memroy(a, b));
    printf("%d ", LITE_load_model_with_shared_mem(b, blobs[1], sizes[1]));
    for (int i = 0; i < 3; i++)
        printf("%g ", (double)last(i == 1 ? b : a, 0));
    LiteTensor out = get(a, "y", LITE_OUTPUT), in = get(a, "ints", LITE_INPUT);
    LiteTensor second = get(b, "first.input:0", LITE_INPUT);
    printf("%d %d ", LITE_reset_tensor_memory(out, y, 20), LITE_reset_tensor_memory(out, y, sizeof y));
    printf("%g ", (double)last(a, 0));
    printf("%g ", (double)y[5]);
    LITE_get_tensor_layout(second, &layout);
    printf("%d ", layout.data_type == LITE_FLOAT && layout.ndim == 2 && layout.shapes[0] == 2);
    layout.shapes[0] = 1;
    printf("%d ", LITE_set_tensor_layout(second, layout));
    layout.shapes[0] = 7;
    printf("%d ", LITE_set_tensor_layout(second, layout));
    layout.shapes[0] = 2;
    layout.data_type = LITE_INT;
    printf("%d %d ", LITE_set_tensor_layout(second, layout), LITE_set_tensor_layout(out, layout));
    LITE_get_tensor_layout(second, &layout);
    printf("%d %d ", (int)layout.shapes[0], LITE_forward(b));
    LITE_destroy_tensor(out), LITE_destroy_tensor(in), LITE_destroy_tensor(second);
    printf("%d ", get(a, "y", LITE_INPUT) == NULL && get(a, "z", LITE_IO) == NULL);
    printf("%d ", LITE_load_model_from_mem(c, blobs[0], sizes[0]));
    printf("%d ", LITE_load_model_from_path(c, "no such file"));
    printf("%d ", LITE_load_model_from_path(c, argv[3]));
    printf("%d %d ", LITE_share_runtime_memroy(c, a), LITE_get_all_input_name(none, sizes, NULL));
    LITE_destroy_network(a);
    printf("%g ", (double)LITE_forward(b));
    LITE_destroy_network(b), LITE_destroy_network(c);
    free(blobs[0]), free(blobs[1]);
    data = none;
    printf("%d\n", data == NULL && LITE_destroy_network(none));
    return 0;
}
"""
SAID = "1 0 0 0 5 5 5 1 0 5 5 1 0 1 1 1 1 0 1 1 1 0 1 1 0 1\n"


def write(folder: Path, name: str, programs: Sequence[Program]) -> list[str]:
    """Products of a model; the names of its sources."""
    (folder / f"{name}.h").write_text(emit.header(programs))
    (folder / f"{name}.blob").write_bytes(emit.write_blob(programs, [X86] * len(programs)))
    (folder / f"{name}_blob.S").write_text(emit.blob_s(name))
    (folder / f"{name}_kernels.c").write_text(emit.kernels_c(programs[0], X86, *programs[1:]))
    return [f"{name}_blob.S", f"{name}_kernels.c"]


def products(folder: Path) -> list[str]:
    """A model, one with two sets of input shapes and one with declared sizes."""
    first = tiny_program(2, name="pair")
    x, ints = first.inputs
    y, fixed = first.outputs
    calls = tuple(replace(c, args=(12,) if len(c.args) == 1 else (3, *c.args[1:])) for c in first.calls)
    short = replace(
        first,
        inputs=(replace(x, type=x.type.with_shape((1, 3))), ints),
        outputs=(replace(y, type=y.type.with_shape((1, 3))), fixed),
        calls=calls,
    )
    sized = replace(sized_program(3), name="sized")
    models = {"tiny": [tiny_program()], "pair": [first, short], "sized": [sized]}
    return [source for name, programs in models.items() for source in write(folder, name, programs)]


def build(folder: Path, main: str, compiler: str = "gcc -std=c99") -> None:
    sources = products(folder)
    suffix = "cc" if "++" in compiler else "c"
    (folder / f"main.{suffix}").write_text(main)
    (folder / "models.c").write_text(MODELS)
    common = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Wall", "-Wextra"]
    common += ["-Werror", f"-I{include_folder()}", f"-I{LITE}", "-I.", *X86.cflags]
    # An application need not be free of all warnings that the library is.
    check([*compiler.split(), *common, "-c", f"main.{suffix}", "-o", "main.o"], folder)
    ours = [*sources, *sorted(LITE.glob("*.c")), "models.c", *runtime_sources(sizes=True)]
    check(["gcc", "-std=c99", *common, *STRICT, "-c", *ours], folder)
    objects = sorted(path.name for path in folder.glob("*.o"))
    check(["gcc", "-fsanitize=address,undefined", *objects, "-o", "main"], folder)


def test_an_application_of_megccs_runs_as_it_is(tmp_path: Path) -> None:
    build(tmp_path, APPLICATION)
    said = check(["./main", "tiny.blob"], tmp_path).splitlines()
    assert said[0].startswith("y 2x3 ") and said[1] == "fixed 1x4 -2 0 5 127" and said[2] == "1"
    assert len(said[0].split()) == 8
    short = check(["./main", "pair.blob", "1"], tmp_path).splitlines()
    whole = check(["./main", "pair.blob", "2"], tmp_path).splitlines()
    assert whole[0].startswith("y 2x3 ") and short[0].startswith("y 1x3 ")
    assert whole[0].split()[2:5] == short[0].split()[2:]
    for rows in (2, 4, 8):
        sized = check(["./main", "sized.blob", str(rows)], tmp_path).splitlines()
        assert sized[0].startswith(f"y {rows}x3 ") and len(sized[0].split()) == 2 + 3 * rows


def test_memory_is_shared_given_and_freed_and_mistakes_are_told(tmp_path: Path) -> None:
    build(tmp_path, SHARED)
    said = check(["./main", "tiny.blob", "pair.blob", "sized.blob"], tmp_path)
    lines = [line for line in said.splitlines() if not line.startswith("LITE_")]
    assert "\n".join(lines) == SAID.strip()
    for what in (
        "LITE_forward: null pointer, model not open",
        "LITE_reset_tensor_memory: not the bytes that the tensor has",
        "LITE_set_tensor_layout: a size is out of its range",
        "LITE_set_tensor_layout: the input has another element type",
        "LITE_set_tensor_layout: not an input",
        "LITE_get_io_tensor, no such tensor: z",
        "LITE_load_model_from_mem: not a model blob",
        "LITE_load_model_from_path: the file cannot be read",
        "LITE_share_runtime_memroy: a model with declared sizes keeps its memory",
    ):
        assert what in said


@pytest.mark.parametrize("compiler", ["g++ -std=c++11", "clang++ -std=c++17"])
def test_applications_in_cxx_take_the_headers(compiler: str, tmp_path: Path) -> None:
    (tmp_path / "main.cc").write_text(
        '#include "lite-c/network_c.h"\nint use(LiteNetwork *n);\n'
        "int use(LiteNetwork *n) { return LITE_make_network(n, *default_config(), *default_network_io()); }\n"
    )
    flags = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", *STRICT_CXX, f"-I{include_folder()}", f"-I{LITE}"]
    check([*compiler.split(), *flags, "-c", "main.cc"], tmp_path)


@pytest.mark.parametrize("compiler", ["gcc -std=c11", "clang -std=c11", "g++"])
@pytest.mark.parametrize("kind", ["MODEL", "MODEL_SHAPES", "MODEL_SIZES"])
def test_models_with_buffers_are_refused_by_the_compiler(kind: str, compiler: str, tmp_path: Path) -> None:
    write_model(bound_program(), X86, tmp_path)
    suffix = "cc" if "++" in compiler else "c"
    declared = (
        "mgecc_status tiny_open_shapes_blob(mgecc_bound *, unsigned, const void *, size_t, void *, size_t);\n"
    )
    (tmp_path / f"models.{suffix}").write_text(
        f'#include "mgecc_lite.h"\n#include "tiny.h"\n{declared}MGECC_LITE_{kind}(tiny, TINY)\n'
        "const mgecc_lite_model *const mgecc_lite_models[] = {MGECC_LITE(tiny), NULL};\n"
    )
    command = [*compiler.split(), "-w", f"-I{include_folder()}", f"-I{LITE}", "-c", f"models.{suffix}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "mgecc_bound" in done.stderr
