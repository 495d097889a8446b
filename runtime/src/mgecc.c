/* Opening a blob and running its program. Every number of the blob is checked here, once, and nowhere else. */
#include "check.h"

mgecc_status mgecc_open(mgecc_model *m, const mgecc_kernels *kernels, const void *blob, size_t size, void *arena,
                        size_t arena_size)
{
    if (!m)
        return MGECC_E_ARGUMENT;
    m->program = NULL;
    if (!kernels || !blob || !arena)
        return MGECC_E_ARGUMENT;
    if (((uintptr_t)blob | (uintptr_t)arena) % MGECC_ALIGN != 0)
        return MGECC_E_ALIGN;
    const struct header *h = blob;
    mgecc_status status = check_header(h, size, MGECC_VERSION);
    if (status != MGECC_OK)
        return status;
    const struct entry *e = find_program(h, kernels);
    if (!e)
        return MGECC_E_KERNELS;
    status = check_program(h, e, kernels);
    if (status != MGECC_OK)
        return status;
    const unsigned char *bytes = blob;
    const struct program *p = (const void *)(bytes + e->program);
    if (!program_ok(p, e->program_size))
        return MGECC_E_LAYOUT;
    if (p->arena_size > arena_size)
        return MGECC_E_ARENA;
    m->program = bytes + e->program;
    m->weights = bytes + e->weights;
    m->arena = arena;
    m->table = kernels->table;
    return MGECC_OK;
}

mgecc_status mgecc_run(const mgecc_model *m)
{
    if (!m || !m->program)
        return MGECC_E_ARGUMENT;
    const struct program *p = (const void *)m->program;
    const uint32_t *call = first_call(p);
    for (uint32_t i = 0; i < p->call_count; i++)
        call = run_call(m, call);
    return MGECC_OK;
}
