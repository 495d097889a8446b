/* The checks of a blob, for programs of fixed and of declared sizes. */
#ifndef MGECC_CHECK_H
#define MGECC_CHECK_H
#include "internal.h"

/* Does [start, start + count) lie inside [0, size)? */
static inline int inside(uint32_t start, uint32_t count, uint32_t size)
{
    return start <= size && count <= size - start;
}

/* A reference into memory of the caller begins inside a tensor that lies there. */
static inline int buffer_ok(const struct program *p, uint32_t ref)
{
    uint32_t i = buffer_number(ref);
    const struct tensor *t = tensors(p) + i;
    return i < (uint32_t)p->input_count + p->output_count && t->ref == 0 && buffer_offset(ref) <= t->bytes;
}

/* Here and below, bound: inputs and outputs may lie in memory of the caller. */
static inline int ref_ok(const struct program *p, uint32_t ref, uint32_t bytes, int bound)
{
    switch (ref_space(ref)) {
    case SPACE_NONE:
        return ref == 0 && bytes == 0;
    case SPACE_ARENA:
        return inside(ref_offset(ref), bytes, p->arena_size);
    case SPACE_WEIGHTS:
        return inside(ref_offset(ref), bytes, p->weights_size);
    default:
        return bound && buffer_ok(p, ref);
    }
}

static inline int name_ok(const struct program *p, uint32_t name, uint32_t size)
{
    return name >= p->strings && name < size;
}

static inline int tensors_ok(const struct program *p, uint32_t size, int bound)
{
    const struct tensor *t = tensors(p);
    uint32_t count = (uint32_t)p->input_count + p->output_count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t space = ref_space(t[i].ref);
        int callers = bound && t[i].ref == 0;
        if (!name_ok(p, t[i].name, size) || !(callers ? i < MGECC_MAX_BUFFERS : ref_ok(p, t[i].ref, t[i].bytes, 0)))
            return 0;
        if (t[i].rank > MGECC_MAX_RANK || t[i].dtype > MGECC_UINT32)
            return 0;
        if (!callers && (space == SPACE_NONE || (i < p->input_count && space != SPACE_ARENA)))
            return 0;
    }
    return 1;
}

static inline int calls_ok(const struct program *p, const uint32_t *at, const uint32_t *end, int bound)
{
    for (uint32_t i = 0; i < p->call_count; i++) {
        if (at == end)
            return 0;
        uint32_t head = *at++, n = call_operands(head);
        if (call_kernel(head) >= p->kernel_count || n > MGECC_MAX_OPERANDS)
            return 0;
        if (n + call_args(head) > (size_t)(end - at))
            return 0;
        for (uint32_t k = 0; k < n; k++)
            if (!ref_ok(p, at[k], 0, bound))
                return 0;
        at += n + call_args(head);
    }
    return at == end;
}

static inline int program_ok(const struct program *p, uint32_t size, int bound)
{
    const unsigned char *bytes = (const unsigned char *)p;
    if (p->strings % 4 != 0 || p->strings >= size || bytes[size - 1] != 0 || !name_ok(p, p->name, size))
        return 0;
    /* Counts have 16 bits, so this sum does not overflow. */
    uint32_t head = (uint32_t)(sizeof *p + sizeof(struct tensor) * ((uint32_t)p->input_count + p->output_count));
    head += 4u * p->kernel_count;
    if (head > p->strings || !tensors_ok(p, size, bound))
        return 0;
    return calls_ok(p, first_call(p), (const uint32_t *)(const void *)(bytes + p->strings), bound);
}

static inline mgecc_status check_header(const struct header *h, size_t size, uint16_t version)
{
    if (size < 4 || h->magic != MGECC_MAGIC)
        return MGECC_E_MAGIC;
    if (size < sizeof *h)
        return MGECC_E_TRUNCATED;
    if (h->version != version)
        return MGECC_E_VERSION;
    if (h->size > size)
        return MGECC_E_TRUNCATED;
    if (!inside(sizeof *h, (uint32_t)sizeof(struct entry) * h->program_count, h->size))
        return MGECC_E_LAYOUT;
    const unsigned char *bytes = (const unsigned char *)h;
    uint32_t crc = mgecc_crc32(mgecc_crc32(0, bytes, 12), bytes + 16, h->size - 16);
    return crc == h->crc ? MGECC_OK : MGECC_E_CRC;
}

/* The entry's fingerprint is only a label: what counts is the digest of the program's own bytes. */
static inline mgecc_status check_program(const struct header *h, const struct entry *e, const mgecc_kernels *kernels)
{
    if (e->program % 4 != 0 || e->program_size % 4 != 0 || e->program_size < sizeof(struct program))
        return MGECC_E_LAYOUT;
    if (e->program_size > MGECC_MAX_PROGRAM || !inside(e->program, e->program_size, h->size))
        return MGECC_E_LAYOUT;
    if (e->weights % MGECC_ALIGN != 0 || !inside(e->weights, e->weights_size, h->size))
        return MGECC_E_LAYOUT;
    const struct program *p = (const void *)((const unsigned char *)h + e->program);
    uint32_t digest[8];
    mgecc_sha256(digest, (const unsigned char *)p, e->program_size);
    if (!equal_words(digest, kernels->fingerprint))
        return MGECC_E_KERNELS;
    return p->weights_size == e->weights_size && p->kernel_count == kernels->count ? MGECC_OK : MGECC_E_LAYOUT;
}

/* Everything up to the numbers inside the program; gives the entry of the program that these kernels belong to. */
static inline mgecc_status check_blob(const mgecc_kernels *kernels, const void *blob, size_t size, const void *arena,
                                      uint16_t version, const struct entry **found)
{
    if (!kernels || !blob || !arena)
        return MGECC_E_ARGUMENT;
    if (((uintptr_t)blob | (uintptr_t)arena) % MGECC_ALIGN != 0)
        return MGECC_E_ALIGN;
    mgecc_status status = check_header(blob, size, version);
    if (status != MGECC_OK)
        return status;
    *found = find_program(blob, kernels);
    return *found ? check_program(blob, *found, kernels) : MGECC_E_KERNELS;
}

/* bound: as above. */
static inline mgecc_status open_checked(mgecc_model *m, const mgecc_kernels *kernels, const void *blob, size_t size,
                                        void *arena, size_t arena_size, int bound)
{
    m->program = NULL;
    const struct entry *e;
    mgecc_status status = check_blob(kernels, blob, size, arena, bound ? MGECC_VERSION_BUFFERS : MGECC_VERSION, &e);
    if (status != MGECC_OK)
        return status;
    const unsigned char *bytes = blob;
    if (!program_ok((const void *)(bytes + e->program), e->program_size, bound))
        return MGECC_E_LAYOUT;
    return bind_model(m, kernels, bytes, e, arena, arena_size);
}
#endif
