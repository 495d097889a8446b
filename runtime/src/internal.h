/* The blob as it lies in memory (docs/blob-format.md) and what the runtime's files share. */
#ifndef MGECC_INTERNAL_H
#define MGECC_INTERNAL_H
#include "mgecc.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "blobs are read in place: little-endian machines only"
#endif

#define MGECC_MAGIC 0x4243474du /* "MGCB" */
#define MGECC_VERSION 1
#define MGECC_VERSION_SIZES 2   /* programs with declared sizes */
#define MGECC_VERSION_BUFFERS 3 /* programs with inputs or outputs in memory of the caller */
#define MGECC_MAX_OPERANDS 32
#define MGECC_MAX_PROGRAM 0x3fffffffu
#define MGECC_HIDDEN __attribute__((visibility("hidden")))

enum { SPACE_NONE, SPACE_ARENA, SPACE_WEIGHTS, SPACE_BUFFERS };

struct header {
    uint32_t magic;
    uint16_t version, program_count;
    uint32_t size, crc, reserved[4];
};

struct entry {
    uint32_t program, program_size, weights, weights_size, fingerprint[4];
};

struct program {
    uint32_t arena_size, weights_size, strings, name;
    uint16_t input_count, output_count, kernel_count, reserved;
    uint32_t call_count, sizes; /* sizes: where the part of docs/blob-format.md with this name begins, 0 for none */
};

struct tensor {
    uint32_t name, ref, bytes;
    uint8_t dtype, rank, reserved[2];
    float scale;
    int32_t zero_point, dims[MGECC_MAX_RANK];
};

/* A call: this word, then operand references, then argument words. */
static inline uint32_t call_kernel(uint32_t head) { return head & 0xffff; }
static inline uint32_t call_operands(uint32_t head) { return (head >> 16) & 0x7f; }
static inline uint32_t call_continues(uint32_t head) { return (head >> 23) & 1; } /* next one is of the same group */
static inline uint32_t call_args(uint32_t head) { return head >> 24; }

static inline uint32_t ref_space(uint32_t ref) { return ref >> 30; }
static inline uint32_t ref_offset(uint32_t ref) { return ref & 0x3fffffff; }
/* In memory of the caller: of which tensor, inputs first, and how many bytes behind its first. */
static inline uint32_t buffer_number(uint32_t ref) { return (ref >> 26) & 0xf; }
static inline uint32_t buffer_offset(uint32_t ref) { return ref & 0x3ffffff; }

static inline const struct tensor *tensors(const struct program *p) { return (const void *)(p + 1); }

static inline const uint32_t *first_call(const struct program *p)
{
    return (const uint32_t *)(const void *)(tensors(p) + p->input_count + p->output_count) + p->kernel_count;
}

static inline int equal_words(const uint32_t *a, const uint32_t *b)
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

/* The program of a blob that belongs to these kernels, by what the blob says; NULL if there is none. */
static inline const struct entry *find_program(const struct header *h, const mgecc_kernels *kernels)
{
    const struct entry *entry = (const void *)(h + 1);
    for (uint32_t i = 0; i < h->program_count; i++)
        if (equal_words(entry[i].fingerprint, kernels->fingerprint))
            return &entry[i];
    return NULL;
}

/* Let a model run a program of a blob that is right, or trusted. */
static inline mgecc_status bind_model(mgecc_model *m, const mgecc_kernels *kernels, const unsigned char *blob,
                                      const struct entry *e, void *arena, size_t arena_size)
{
    const struct program *p = (const void *)(blob + e->program);
    if (p->arena_size > arena_size)
        return MGECC_E_ARENA;
    m->program = blob + e->program;
    m->weights = blob + e->weights;
    m->arena = arena;
    m->table = kernels->table;
    return MGECC_OK;
}

/* Address of a reference; weights are only ever read, their kernels' pointers are const. */
static inline void *locate(const mgecc_model *m, uint32_t ref)
{
    if (ref_space(ref) == SPACE_NONE)
        return NULL;
    uintptr_t base = (uintptr_t)m->weights;
    if (ref_space(ref) == SPACE_ARENA)
        base = (uintptr_t)m->arena;
    return (void *)(base + ref_offset(ref));
}

typedef void *locator(const mgecc_model *m, uint32_t ref);

/* Make one call, whose operands lie where `at` says, and return where the next one begins. */
__attribute__((always_inline)) static inline const uint32_t *run_call_at(const mgecc_model *m, const uint32_t *call,
                                                                         locator *at)
{
    void *t[MGECC_MAX_OPERANDS];
    uint32_t head = *call++, n = call_operands(head);
    for (uint32_t i = 0; i < n; i++)
        t[i] = at(m, *call++);
    m->table[call_kernel(head)](t, (const int32_t *)call);
    return call + call_args(head);
}

static inline const uint32_t *run_call(const mgecc_model *m, const uint32_t *call)
{
    return run_call_at(m, call, locate);
}

/* Behind all checks: begin with the largest sizes. */
MGECC_HIDDEN mgecc_status mgecc_start_sizes(mgecc_dynamic *d, const unsigned char *program);
/* Begin with no buffer bound. */
MGECC_HIDDEN void mgecc_unbind(mgecc_bound *b);
MGECC_HIDDEN void mgecc_sha256(uint32_t state[8], const unsigned char *bytes, uint32_t count);
#endif
