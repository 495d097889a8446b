/* Runs a model whose inputs and outputs lie in memory of the application's, twice, each time in other memory of exactly the
 * right size. Built with sanitizers, which see every access outside of it.
 *
 *     own_buffers MODEL INPUT OUTPUT
 *
 * MODEL: its position among models.h's. Inputs must be the same bytes after a run as before; OUTPUT gets the outputs of
 * both runs. */
#include "models.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(holds)                                            \
    do                                                          \
        if (!(holds)) {                                         \
            fprintf(stderr, "line %d: %s\n", __LINE__, #holds); \
            exit(1);                                            \
        }                                                       \
    while (0)

static unsigned char *exactly(size_t bytes, int fill)
{
    void *memory = NULL;
    CHECK(posix_memalign(&memory, MGECC_ALIGN, bytes ? bytes : 1) == 0);
    memset(memory, fill, bytes);
    return memory;
}

struct buffer {
    unsigned char *at, *copy;
    size_t bytes;
};

static struct buffer buffers[MGECC_MAX_BUFFERS];
static unsigned used;

static unsigned char *buffer(size_t bytes, int fill)
{
    CHECK(used < MGECC_MAX_BUFFERS);
    struct buffer *b = &buffers[used++];
    b->at = exactly(bytes, fill);
    b->copy = NULL;
    b->bytes = bytes;
    return b->at;
}

static void give_inputs(mgecc_bound *m, FILE *from)
{
    mgecc_tensor info;
    for (unsigned i = 0; mgecc_input_info(&m->model, i, &info) == MGECC_OK; i++) {
        unsigned char *at = mgecc_input(&m->model, i);
        if (!at) {
            at = buffer(info.bytes, 0);
            CHECK(mgecc_bind_input(m, i, at, info.bytes) == MGECC_OK);
        }
        CHECK(mgecc_bound_input(m, i) == at && fread(at, 1, info.bytes, from) == info.bytes);
    }
    for (unsigned k = 0; k < used; k++) {
        buffers[k].copy = exactly(buffers[k].bytes, 0);
        memcpy(buffers[k].copy, buffers[k].at, buffers[k].bytes);
    }
}

static void bind_outputs(mgecc_bound *m)
{
    mgecc_tensor info;
    for (unsigned i = 0; mgecc_output_info(&m->model, i, &info) == MGECC_OK; i++)
        if (!mgecc_output(&m->model, i))
            CHECK(mgecc_bind_output(m, i, buffer(info.bytes, 0xaa), info.bytes) == MGECC_OK);
}

static void run(mgecc_bound *m, FILE *from, FILE *to)
{
    mgecc_tensor info;
    rewind(from);
    give_inputs(m, from);
    bind_outputs(m);
    CHECK(mgecc_run_bound(m) == MGECC_OK);
    for (unsigned i = 0; mgecc_output_info(&m->model, i, &info) == MGECC_OK; i++)
        CHECK(fwrite(mgecc_bound_output(m, i), 1, info.bytes, to) == info.bytes);
}

static void forget(mgecc_bound *m)
{
    for (unsigned i = 0; i < mgecc_input_count(&m->model); i++)
        mgecc_bind_input(m, i, NULL, 0);
    for (unsigned i = 0; i < mgecc_output_count(&m->model); i++)
        mgecc_bind_output(m, i, NULL, 0);
    for (unsigned k = 0; k < used; k++) {
        CHECK(!buffers[k].copy || memcmp(buffers[k].copy, buffers[k].at, buffers[k].bytes) == 0);
        free(buffers[k].copy);
        free(buffers[k].at);
    }
    used = 0;
}

int main(int argc, char **argv)
{
    CHECK(argc == 4);
    const struct model *model = &models[atoi(argv[1])];
    unsigned char *arena = exactly(model->arena, 0x55);
    FILE *from = fopen(argv[2], "rb"), *to = fopen(argv[3], "wb");
    CHECK(from && to);
    mgecc_bound m;
    CHECK(model->open(&m, arena, model->arena) == MGECC_OK && mgecc_run_bound(&m) == MGECC_E_BUFFER);
    for (int k = 0; k < 2; k++) {
        run(&m, from, to);
        forget(&m);
        CHECK(mgecc_run_bound(&m) == MGECC_E_BUFFER);
    }
    free(arena);
    fclose(from);
    return fclose(to);
}
