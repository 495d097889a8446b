/* Running a program whose calls come in groups: calls of a group touch nothing that another of it writes. */
#include "internal.h"

enum { MOST = 16 };

struct group {
    const mgecc_model *m;
    const uint32_t *calls[MOST];
};

static void run_part(void *context, unsigned part)
{
    const struct group *g = context;
    run_call(g->m, g->calls[part]);
}

/* For applications without threads, in the same order as mgecc_run. */
__attribute__((weak)) void mgecc_parallel(mgecc_part part, void *context, unsigned parts)
{
    for (unsigned i = 0; i < parts; i++)
        part(context, i);
}

mgecc_status mgecc_run_parallel(const mgecc_model *m)
{
    if (!m || !m->program)
        return MGECC_E_ARGUMENT;
    const struct program *p = (const void *)m->program;
    const uint32_t *call = first_call(p);
    for (uint32_t left = p->call_count; left != 0;) {
        struct group g;
        unsigned parts = 0, more = 1;
        for (g.m = m; more && left != 0 && parts < MOST; left--) {
            g.calls[parts++] = call;
            more = call_continues(*call);
            call += 1 + call_operands(*call) + call_args(*call);
        }
        if (parts == 1)
            run_call(m, g.calls[0]);
        else
            mgecc_parallel(run_part, &g, parts);
    }
    return MGECC_OK;
}
