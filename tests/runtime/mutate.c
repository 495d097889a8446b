/* Damages a blob in every way of one kind and checks that it is refused or harmless. Built with sanitizers:
 * every copy of the blob and the arena are allocations of exactly their size.
 *
 *     mutate BLOB truncate|bytes|sealed|forged
 *
 * bytes: every byte gets every other value. sealed: likewise, and the checksum is made right again. forged: a byte of
 * the program changes, and checksum, fingerprint and kernel set are made to fit, so only the bounds checks are left.
 * Prints how many copies were opened. */
#include "internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const mgecc_kernels tiny_kernels;
enum { KINDS = 10 };

static unsigned char *original;
static size_t size;
static unsigned long opened[2]; /* with the changed byte outside, inside the program section */
static unsigned long counts[KINDS];

static void *exactly(size_t bytes)
{
    void *memory = NULL;
    if (posix_memalign(&memory, MGECC_ALIGN, bytes ? bytes : 1))
        exit(2);
    return memory;
}

static void load(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        exit(2);
    fseek(file, 0, SEEK_END);
    size = (size_t)ftell(file);
    rewind(file);
    original = exactly(size);
    if (fread(original, 1, size, file) != size)
        exit(2);
    fclose(file);
}

static struct entry *entry_of(unsigned char *blob) { return (void *)(blob + sizeof(struct header)); }

static void seal(unsigned char *blob)
{
    struct header *h = (void *)blob;
    size_t end = h->size <= size && h->size >= 16 ? h->size : size;
    h->crc = mgecc_crc32(mgecc_crc32(0, blob, 12), blob + 16, end - 16);
}

#ifdef MG_BUFFERS
static mgecc_bound opened_model;
static void *input_of(const mgecc_model *m, unsigned i)
{
    return m ? (void *)mgecc_bound_input(&opened_model, i) : NULL;
}
static const void *output_of(const mgecc_model *m, unsigned i)
{
    return m ? mgecc_bound_output(&opened_model, i) : NULL;
}
static mgecc_status run_opened(const mgecc_model *m) { return m ? mgecc_run_bound(&opened_model) : MGECC_E_ARGUMENT; }

/* What a reference to memory of the caller refers to, which is of exactly its size. */
static int in_buffer(const mgecc_model *m, uint32_t ref)
{
    const struct program *p = (const void *)m->program;
    if (ref_space(ref) != SPACE_BUFFERS)
        return 0;
    if (!opened_model.buffers[buffer_number(ref)] || buffer_offset(ref) > tensors(p)[buffer_number(ref)].bytes)
        abort();
    return 1;
}
#else
static void *input_of(const mgecc_model *m, unsigned i) { return mgecc_input(m, i); }
static const void *output_of(const mgecc_model *m, unsigned i) { return mgecc_output(m, i); }
static mgecc_status run_opened(const mgecc_model *m) { return mgecc_run(m); }
static int in_buffer(const mgecc_model *m, uint32_t ref) { return !m && ref; }
#endif

/* Touch all that a user of an open model may touch. */
static unsigned use_tensors(const mgecc_model *m)
{
    unsigned sum = 0;
    mgecc_tensor info;
    for (unsigned i = 0; mgecc_input_info(m, i, &info) == MGECC_OK; i++) {
        memset(input_of(m, i), 1, info.bytes);
        sum += (unsigned)strlen(info.name) + (unsigned)(mgecc_find_input(m, info.name) < 0);
        for (unsigned k = 0; k < info.rank; k++)
            sum += (unsigned)info.dims[k];
    }
    for (unsigned i = 0; mgecc_output_info(m, i, &info) == MGECC_OK; i++) {
        const unsigned char *bytes = output_of(m, i);
        for (unsigned k = 0; k < info.bytes; k++)
            sum += bytes[k];
        sum += (unsigned)strlen(info.name);
    }
    return sum;
}

/* Forged programs may ask kernels for anything; what the runtime owes is that pointers and numbers lie where they may. */
static void check_calls(const mgecc_model *m, const unsigned char *arena_end, const unsigned char *blob_end)
{
    const struct program *p = (const void *)m->program;
    const uint32_t *call = first_call(p);
    for (uint32_t i = 0; i < p->call_count; i++) {
        uint32_t head = *call++;
        if (call_kernel(head) >= tiny_kernels.count || call_operands(head) > MGECC_MAX_OPERANDS)
            abort();
        for (uint32_t k = 0; k < call_operands(head); k++) {
            if (in_buffer(m, *call) && call++)
                continue;
            const unsigned char *at = locate(m, *call++);
            int in_arena = at >= m->arena && at <= arena_end, in_weights = at >= m->weights && at <= blob_end;
            if (at && !in_arena && !in_weights)
                abort();
        }
        for (uint32_t k = 0; k < call_args(head); k++)
            opened[0] += *call++ == 0x12345678u;
    }
}

#ifdef MG_SIZES
static mgecc_dynamic opened_model;
static mgecc_model *open_model(unsigned char *blob, size_t bytes, const mgecc_kernels *kernels, unsigned char *arena,
                               size_t arena_size, mgecc_status *status)
{
    *status = mgecc_open_sizes(&opened_model, kernels, blob, bytes, arena, arena_size);
    return &opened_model.model;
}

/* Smallest, largest and a middle value of every size; what is asked for besides is refused. */
static int next_sizes(unsigned round)
{
    int32_t sizes[MGECC_MAX_SIZES];
    mgecc_size size;
    unsigned count = mgecc_size_count(&opened_model);
    for (unsigned i = 0; i < count; i++) {
        if (mgecc_size_info(&opened_model, i, &size) != MGECC_OK)
            abort();
        opened[0] += strlen(size.name) == 12345;
        sizes[i] = round == 0 ? size.min : round == 1 ? size.max : size.min + size.step;
    }
    return round < 3 && mgecc_set_sizes(&opened_model, sizes, count) == MGECC_OK;
}
#elif defined(MG_BUFFERS)
static void *given[MGECC_MAX_BUFFERS];

/* Every buffer is an allocation of exactly its size. */
static mgecc_model *open_model(unsigned char *blob, size_t bytes, const mgecc_kernels *kernels, unsigned char *arena,
                               size_t arena_size, mgecc_status *status)
{
    mgecc_tensor info;
    unsigned used = 0;
    for (unsigned i = 0; i < MGECC_MAX_BUFFERS; i++) {
        free(given[i]);
        given[i] = NULL;
    }
    *status = mgecc_open_bound(&opened_model, kernels, blob, bytes, arena, arena_size);
    for (unsigned i = 0; mgecc_input_info(&opened_model.model, i, &info) == MGECC_OK; i++)
        if (info.bytes < 1 << 20 && !mgecc_bound_input(&opened_model, i)) {
            given[used] = exactly(info.bytes);
            mgecc_bind_input(&opened_model, i, given[used++], info.bytes);
        }
    for (unsigned i = 0; mgecc_output_info(&opened_model.model, i, &info) == MGECC_OK; i++)
        if (info.bytes < 1 << 20 && !mgecc_bound_output(&opened_model, i)) {
            given[used] = memset(exactly(info.bytes), 0, info.bytes);
            mgecc_bind_output(&opened_model, i, given[used++], info.bytes);
        }
    return &opened_model.model;
}

/* A buffer may be larger than there is memory: nothing runs then. */
static int is_bound(void)
{
    mgecc_tensor info;
    for (unsigned i = 0; mgecc_input_info(&opened_model.model, i, &info) == MGECC_OK; i++)
        if (!mgecc_bound_input(&opened_model, i))
            return 0;
    for (unsigned i = 0; mgecc_output_info(&opened_model.model, i, &info) == MGECC_OK; i++)
        if (!mgecc_bound_output(&opened_model, i))
            return 0;
    return 1;
}

static int next_sizes(unsigned round) { return round < 1 && is_bound(); }
#else
static mgecc_model opened_model;
static mgecc_model *open_model(unsigned char *blob, size_t bytes, const mgecc_kernels *kernels, unsigned char *arena,
                               size_t arena_size, mgecc_status *status)
{
    *status = mgecc_open(&opened_model, kernels, blob, bytes, arena, arena_size);
    return &opened_model;
}

static int next_sizes(unsigned round) { return round < 1; }
#endif

static void try_open(unsigned char *blob, size_t bytes, const mgecc_kernels *kernels, int forged)
{
    const struct program *p = (const void *)(original + entry_of(original)->program);
    size_t arena_size = p->arena_size;
    unsigned char *arena = exactly(arena_size);
    mgecc_status status;
    mgecc_model *m = open_model(blob, bytes, kernels, arena, arena_size, &status);
    counts[status]++;
    if (status == MGECC_OK) {
        for (unsigned round = 0; next_sizes(round); round++) {
            if (forged) {
                check_calls(m, arena + arena_size, blob + bytes);
                use_tensors(m);
            } else {
                use_tensors(m);
                if (run_opened(m) != MGECC_OK)
                    abort();
            }
        }
    } else if (run_opened(m) != MGECC_E_ARGUMENT || mgecc_input(m, 0)) {
        abort();
    }
    free(arena);
}

static int in_program(size_t at)
{
    const struct entry *e = entry_of(original);
    return at >= e->program && at < e->program + e->program_size;
}

static void mutate(size_t at, unsigned value, int seal_it)
{
    unsigned char *blob = exactly(size);
    memcpy(blob, original, size);
    blob[at] = (unsigned char)value;
    if (seal_it)
        seal(blob);
    unsigned long before = counts[MGECC_OK];
    try_open(blob, size, &tiny_kernels, 0);
    opened[in_program(at)] += counts[MGECC_OK] - before;
    free(blob);
}

static void forge(size_t at, unsigned value)
{
    unsigned char *blob = exactly(size);
    memcpy(blob, original, size);
    blob[at] = (unsigned char)value;
    struct entry *e = entry_of(blob);
    mgecc_kernels kernels = tiny_kernels;
    uint32_t digest[8];
    mgecc_sha256(digest, blob + e->program, e->program_size);
    memcpy(e->fingerprint, digest, sizeof e->fingerprint);
    memcpy(kernels.fingerprint, digest, sizeof kernels.fingerprint);
    seal(blob);
    try_open(blob, size, &kernels, 1);
    free(blob);
}

static void truncate_everywhere(void)
{
    for (size_t bytes = 0; bytes < size; bytes++) {
        unsigned char *blob = exactly(bytes);
        memcpy(blob, original, bytes);
        try_open(blob, bytes, &tiny_kernels, 0);
        free(blob);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    load(argv[1]);
    if (argv[2][0] == 't')
        truncate_everywhere();
    else
        for (size_t at = 0; at < size; at++)
            for (unsigned value = 0; value < 256; value++) {
                if (value == original[at])
                    continue;
                if (argv[2][0] == 'f' && in_program(at))
                    forge(at, value);
                if (argv[2][0] != 'f')
                    mutate(at, value, argv[2][0] == 's');
            }
    for (int i = 0; i < KINDS; i++)
        printf("%lu ", counts[i]);
    printf("%lu %lu\n", opened[0], opened[1]);
    free(original);
    return 0;
}
