/* Inputs and outputs in memory of the application: binding it, and running on it. */
#include "internal.h"

static uint32_t tensor_count(const struct program *p) { return (uint32_t)p->input_count + p->output_count; }

void mgecc_unbind(mgecc_bound *b)
{
    for (unsigned i = 0; i < MGECC_MAX_BUFFERS; i++)
        b->buffers[i] = NULL;
}

static int overlap(uintptr_t a, size_t a_bytes, uintptr_t b, size_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

/* Whether some of these bytes are the arena's or another buffer's. */
static int is_taken(const mgecc_bound *b, const struct program *p, uintptr_t at, size_t bytes)
{
    if (overlap(at, bytes, (uintptr_t)b->model.arena, p->arena_size))
        return 1;
    for (uint32_t i = 0; i < tensor_count(p) && i < MGECC_MAX_BUFFERS; i++)
        if (b->buffers[i] && overlap(at, bytes, (uintptr_t)b->buffers[i], tensors(p)[i].bytes))
            return 1;
    return 0;
}

/* Of tensor i, inputs first. */
static mgecc_status bind(mgecc_bound *b, const struct program *p, uint32_t i, uintptr_t at, size_t bytes)
{
    const struct tensor *t = tensors(p) + i;
    if (t->ref != 0)
        return MGECC_E_ARGUMENT;
    b->buffers[i] = NULL;
    if (!at)
        return MGECC_OK;
    if (at % MGECC_ALIGN != 0)
        return MGECC_E_ALIGN;
    if (bytes != t->bytes || bytes > UINTPTR_MAX - at || is_taken(b, p, at, bytes))
        return MGECC_E_BUFFER;
    b->buffers[i] = (void *)at;
    return MGECC_OK;
}

static const struct program *program_of(const mgecc_bound *b) { return b ? (const void *)b->model.program : NULL; }

mgecc_status mgecc_bind_input(mgecc_bound *b, unsigned i, const void *from, size_t bytes)
{
    const struct program *p = program_of(b);
    return p && i < p->input_count ? bind(b, p, i, (uintptr_t)from, bytes) : MGECC_E_ARGUMENT;
}

mgecc_status mgecc_bind_output(mgecc_bound *b, unsigned i, void *to, size_t bytes)
{
    const struct program *p = program_of(b);
    return p && i < p->output_count ? bind(b, p, p->input_count + i, (uintptr_t)to, bytes) : MGECC_E_ARGUMENT;
}

static const void *place(const mgecc_bound *b, const struct program *p, uint32_t i)
{
    uint32_t ref = tensors(p)[i].ref;
    return ref ? locate(&b->model, ref) : b->buffers[i];
}

const void *mgecc_bound_input(const mgecc_bound *b, unsigned i)
{
    const struct program *p = program_of(b);
    return p && i < p->input_count ? place(b, p, i) : NULL;
}

const void *mgecc_bound_output(const mgecc_bound *b, unsigned i)
{
    const struct program *p = program_of(b);
    return p && i < p->output_count ? place(b, p, p->input_count + i) : NULL;
}

/* m is the model of a mgecc_bound, and its first member. */
static void *locate_bound(const mgecc_model *m, uint32_t ref)
{
    if (ref_space(ref) != SPACE_BUFFERS)
        return locate(m, ref);
    const mgecc_bound *b = (const void *)m;
    return (unsigned char *)b->buffers[buffer_number(ref)] + buffer_offset(ref);
}

static int is_complete(const mgecc_bound *b, const struct program *p)
{
    for (uint32_t i = 0; i < tensor_count(p); i++)
        if (!place(b, p, i))
            return 0;
    return 1;
}

static void no_hook(void *user, unsigned call_index, int begin) { (void)user, (void)call_index, (void)begin; }

mgecc_status mgecc_run_bound_hooked(const mgecc_bound *b, mgecc_hook hook, void *user)
{
    const struct program *p = program_of(b);
    if (!p || !hook)
        return MGECC_E_ARGUMENT;
    if (!is_complete(b, p))
        return MGECC_E_BUFFER;
    const uint32_t *call = first_call(p);
    for (uint32_t i = 0; i < p->call_count; i++) {
        hook(user, i, 1);
        call = run_call_at(&b->model, call, locate_bound);
        hook(user, i, 0);
    }
    return MGECC_OK;
}

mgecc_status mgecc_run_bound(const mgecc_bound *b) { return mgecc_run_bound_hooked(b, no_hook, NULL); }
