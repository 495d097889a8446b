/* The same run with a call before and after every kernel, for times of layers. */
#include "internal.h"

mgecc_status mgecc_run_hooked(const mgecc_model *m, mgecc_hook hook, void *user)
{
    if (!m || !m->program || !hook)
        return MGECC_E_ARGUMENT;
    const struct program *p = (const void *)m->program;
    const uint32_t *call = first_call(p);
    for (uint32_t i = 0; i < p->call_count; i++) {
        hook(user, i, 1);
        call = run_call(m, call);
        hook(user, i, 0);
    }
    return MGECC_OK;
}
