/* Opening a blob that is part of the program: its numbers are believed, only what the caller brings is checked. */
#include "internal.h"

mgecc_status mgecc_open_trusted(mgecc_model *m, const mgecc_kernels *kernels, const void *blob, void *arena,
                                size_t arena_size)
{
    if (!m)
        return MGECC_E_ARGUMENT;
    m->program = NULL;
    if (!kernels || !blob || !arena)
        return MGECC_E_ARGUMENT;
    if ((uintptr_t)arena % MGECC_ALIGN != 0)
        return MGECC_E_ALIGN;
    const struct entry *e = find_program(blob, kernels);
    return e ? bind_model(m, kernels, blob, e, arena, arena_size) : MGECC_E_KERNELS;
}
