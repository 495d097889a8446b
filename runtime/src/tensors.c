/* Inputs and outputs of an open model. */
#include "internal.h"

enum { INPUT, OUTPUT };

static unsigned count_of(const mgecc_model *m, int side)
{
    if (!m || !m->program)
        return 0;
    const struct program *p = (const void *)m->program;
    return side == INPUT ? p->input_count : p->output_count;
}

static const struct tensor *find(const mgecc_model *m, int side, unsigned i)
{
    if (i >= count_of(m, side))
        return NULL;
    const struct program *p = (const void *)m->program;
    return tensors(p) + (side == INPUT ? 0 : p->input_count) + i;
}

static mgecc_status describe(const mgecc_model *m, const struct tensor *t, mgecc_tensor *info)
{
    if (!t || !info)
        return MGECC_E_ARGUMENT;
    info->name = (const char *)m->program + t->name;
    info->dims = t->dims;
    info->bytes = t->bytes;
    info->dtype = (mgecc_dtype)t->dtype;
    info->rank = t->rank;
    info->scale = t->scale;
    info->zero_point = t->zero_point;
    return MGECC_OK;
}

static int search(const mgecc_model *m, int side, const char *name)
{
    for (unsigned i = 0; name && i < count_of(m, side); i++) {
        const char *a = (const char *)m->program + find(m, side, i)->name, *b = name;
        while (*a && *a == *b)
            a++, b++;
        if (*a == *b)
            return (int)i;
    }
    return -1;
}

unsigned mgecc_input_count(const mgecc_model *m) { return count_of(m, INPUT); }
unsigned mgecc_output_count(const mgecc_model *m) { return count_of(m, OUTPUT); }

void *mgecc_input(const mgecc_model *m, unsigned i)
{
    const struct tensor *t = find(m, INPUT, i);
    return t ? locate(m, t->ref) : NULL;
}

const void *mgecc_output(const mgecc_model *m, unsigned i)
{
    const struct tensor *t = find(m, OUTPUT, i);
    return t ? locate(m, t->ref) : NULL;
}

mgecc_status mgecc_input_info(const mgecc_model *m, unsigned i, mgecc_tensor *info)
{
    return describe(m, find(m, INPUT, i), info);
}
mgecc_status mgecc_output_info(const mgecc_model *m, unsigned i, mgecc_tensor *info)
{
    return describe(m, find(m, OUTPUT, i), info);
}
int mgecc_find_input(const mgecc_model *m, const char *name) { return search(m, INPUT, name); }
int mgecc_find_output(const mgecc_model *m, const char *name) { return search(m, OUTPUT, name); }
