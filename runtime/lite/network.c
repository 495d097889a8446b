/* Networks: loading, running, sharing memory. */
#include "lite.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static LiteLogLevel log_level = LITE_ERROR;

int lite_failed(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    return 1;
}

int lite_status(const char *what, mgecc_status status)
{
    return status == MGECC_OK ? 0 : lite_failed(what, mgecc_status_text(status));
}

/* In front of the memory lies the address that malloc gave. */
unsigned char *lite_aligned(size_t bytes)
{
    if (bytes > SIZE_MAX - MGECC_ALIGN - sizeof(void *))
        return NULL;
    unsigned char *all = malloc(bytes + MGECC_ALIGN + sizeof all);
    if (!all)
        return NULL;
    unsigned char *at = all + sizeof all;
    at += (MGECC_ALIGN - (uintptr_t)at % MGECC_ALIGN) % MGECC_ALIGN;
    memcpy(at - sizeof all, &all, sizeof all);
    return at;
}

void lite_release(unsigned char *memory)
{
    unsigned char *all;
    if (!memory)
        return;
    memcpy(&all, memory - sizeof all, sizeof all);
    free(all);
}

int LITE_set_log_level(LiteLogLevel level)
{
    log_level = level;
    return 0;
}

int LITE_get_log_level(LiteLogLevel *level)
{
    if (!level)
        return lite_failed("LITE_get_log_level", "null pointer");
    *level = log_level;
    return 0;
}

LiteConfig *default_config(void)
{
    static LiteConfig config;
    static const LiteConfig wanted = {.device_type = LITE_CPU,
                                      .options = {.graph_opt_level = 2, .async_exec_level = 1}};
    config = wanted;
    return &config;
}

LiteNetworkIO *default_network_io(void)
{
    static LiteNetworkIO io;
    memset(&io, 0, sizeof io);
    return &io;
}

int LITE_make_network(LiteNetwork *network, const LiteConfig config, const LiteNetworkIO network_io)
{
    (void)config, (void)network_io;
    if (!network)
        return lite_failed("LITE_make_network", "null pointer");
    struct network *n = calloc(1, sizeof *n);
    *network = n;
    if (n)
        n->memory = calloc(1, sizeof *n->memory);
    if (!n || !n->memory) {
        free(n);
        *network = NULL;
        return lite_failed("LITE_make_network", "no memory");
    }
    n->memory->users = 1;
    return 0;
}

static void leave_memory(struct network *n)
{
    if (n->memory && --n->memory->users == 0) {
        lite_release(n->memory->data);
        free(n->memory);
    }
    n->memory = NULL;
}

static void forget_side(struct side *side)
{
    for (unsigned i = 0; side->own && i < side->count; i++)
        lite_release(side->own[i]);
    free(side->own);
    free(side->given);
    free(side->bytes);
    memset(side, 0, sizeof *side);
}

static void unload(struct network *n)
{
    forget_side(&n->side[INPUTS]);
    forget_side(&n->side[OUTPUTS]);
    lite_release(n->copy);
    n->copy = NULL;
    n->blob = NULL;
    n->kind = NULL;
    memset(&n->object, 0, sizeof n->object);
}

int LITE_destroy_network(LiteNetwork network)
{
    if (!network)
        return lite_failed("LITE_destroy_network", "null pointer");
    unload(network);
    leave_memory(network);
    free(network);
    return 0;
}

/* Memory for the largest of the networks that share it. */
static int grow(struct runtime_memory *memory, size_t bytes)
{
    if (memory->bytes >= bytes)
        return 1;
    unsigned char *data = lite_aligned(bytes);
    if (!data)
        return 0;
    lite_release(memory->data);
    memory->data = data;
    memory->bytes = bytes;
    return 1;
}

mgecc_status lite_open(struct network *n, unsigned shapes)
{
    unsigned char *arena = n->memory->data;
    size_t bytes = n->memory->bytes;
    n->opened_in = arena;
    if (n->kind->open_sizes)
        return n->kind->open_sizes(&n->object, n->blob, n->blob_size, arena, bytes);
    mgecc_status status = n->kind->open(&n->object.model, shapes, n->blob, n->blob_size, arena, bytes);
    if (status == MGECC_OK)
        n->shapes = shapes;
    return status;
}

mgecc_status lite_ready(struct network *n)
{
    if (!n || !n->kind)
        return MGECC_E_ARGUMENT;
    if (!grow(n->memory, n->kind->arena_size))
        return MGECC_E_ARENA;
    return n->opened_in == n->memory->data ? MGECC_OK : lite_open(n, n->shapes);
}

/* The arena of a model with declared sizes holds the program that follows from them. */
static int can_share(const struct network *n) { return !n->kind || !n->kind->open_sizes; }

/* Find the model whose kernels the blob was compiled with, and open it. */
static int load(struct network *n, const char *call)
{
    mgecc_status status = MGECC_E_KERNELS;
    for (const mgecc_lite_model *const *kind = mgecc_lite_models; *kind; kind++) {
        if (status != MGECC_E_KERNELS && status != MGECC_E_VERSION) /* versions differ where sizes are declared */
            break;
        n->kind = *kind;
        n->shapes = 0;
        if (!grow(n->memory, n->kind->arena_size)) {
            unload(n);
            return lite_failed(call, "no memory");
        }
        status = lite_open(n, 0);
    }
    if (status == MGECC_OK && n->memory->users > 1 && !can_share(n))
        status = MGECC_E_SIZE;
    if (status == MGECC_OK && lite_room(n))
        return 0;
    unload(n);
    return status == MGECC_OK ? lite_failed(call, "no memory") : lite_status(call, status);
}

static int load_copy(struct network *n, const void *bytes, size_t size, const char *call)
{
    unload(n);
    n->copy = lite_aligned(size);
    if (!n->copy)
        return lite_failed(call, "no memory");
    memcpy(n->copy, bytes, size);
    n->blob = n->copy;
    n->blob_size = size;
    return load(n, call);
}

int LITE_load_model_from_mem(LiteNetwork network, void *model_mem, size_t size)
{
    if (!network || !model_mem)
        return lite_failed("LITE_load_model_from_mem", "null pointer");
    return load_copy(network, model_mem, size, "LITE_load_model_from_mem");
}

int LITE_load_model_with_shared_mem(LiteNetwork network, void *model_mem, size_t size)
{
    struct network *n = network;
    const char *call = "LITE_load_model_with_shared_mem";
    if (!n || !model_mem)
        return lite_failed(call, "null pointer");
    if ((uintptr_t)model_mem % MGECC_ALIGN != 0)
        return load_copy(n, model_mem, size, call);
    unload(n);
    n->blob = model_mem;
    n->blob_size = size;
    return load(n, call);
}

static long length_of(FILE *file)
{
    if (fseek(file, 0, SEEK_END) != 0)
        return -1;
    long length = ftell(file);
    return fseek(file, 0, SEEK_SET) == 0 ? length : -1;
}

int LITE_load_model_from_path(LiteNetwork network, const char *model_path)
{
    struct network *n = network;
    const char *call = "LITE_load_model_from_path";
    if (!n || !model_path)
        return lite_failed(call, "null pointer");
    unload(n);
    FILE *file = fopen(model_path, "rb");
    long length = file ? length_of(file) : -1;
    n->copy = length >= 0 ? lite_aligned((size_t)length) : NULL;
    int whole = n->copy && fread(n->copy, 1, (size_t)length, file) == (size_t)length;
    if (file)
        fclose(file);
    if (!whole) {
        unload(n);
        return lite_failed(call, "the file cannot be read");
    }
    n->blob = n->copy;
    n->blob_size = (size_t)length;
    return load(n, call);
}

int LITE_share_runtime_memroy(LiteNetwork src_network, LiteNetwork dst_network)
{
    struct network *src = src_network, *dst = dst_network;
    if (!src || !dst)
        return lite_failed("LITE_share_runtime_memroy", "null pointer");
    if (src->memory == dst->memory)
        return 0;
    if (!can_share(src) || !can_share(dst))
        return lite_failed("LITE_share_runtime_memroy", "a model with declared sizes keeps its memory");
    src->memory->users++;
    leave_memory(dst);
    dst->memory = src->memory;
    dst->opened_in = NULL;
    return dst->kind ? lite_status("LITE_share_runtime_memroy", lite_ready(dst)) : 0;
}

int LITE_forward(const LiteNetwork network)
{
    struct network *n = network;
    mgecc_status status = lite_ready(n);
    if (status != MGECC_OK)
        return lite_status("LITE_forward", status);
    for (unsigned i = 0; i < n->side[INPUTS].count; i++) {
        const void *from = n->side[INPUTS].given[i] ? n->side[INPUTS].given[i] : n->side[INPUTS].own[i];
        memcpy(mgecc_input(&n->object.model, i), from, lite_info(n, INPUTS, i).bytes);
    }
    status = mgecc_run(&n->object.model);
    for (unsigned i = 0; status == MGECC_OK && i < n->side[OUTPUTS].count; i++)
        if (n->side[OUTPUTS].given[i])
            memcpy(n->side[OUTPUTS].given[i], mgecc_output(&n->object.model, i), lite_info(n, OUTPUTS, i).bytes);
    return lite_status("LITE_forward", status);
}

int LITE_wait(const LiteNetwork network) { return network ? 0 : lite_failed("LITE_wait", "null pointer"); }
