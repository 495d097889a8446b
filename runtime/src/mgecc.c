/* Opening a blob and running its program. Every number of the blob is checked here, once, and nowhere else. */
#include "check.h"

mgecc_status mgecc_open(mgecc_model *m, const mgecc_kernels *kernels, const void *blob, size_t size, void *arena,
                        size_t arena_size)
{
    return m ? open_checked(m, kernels, blob, size, arena, arena_size, 0) : MGECC_E_ARGUMENT;
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
