/* Programs with declared sizes. Setting sizes computes every number that depends on them and writes it into a copy of
 * the program at the end of the arena; a run then walks the copy, like any program. */
#include "check.h"

enum { OP_ADD, OP_MULTIPLY, OP_DIVIDE, OP_LEAST, OP_MOST, OP_RATIO, OP_COUNT };

struct sizes {
    uint16_t size_count, code_count;
    uint32_t patch_count;
};

struct size {
    uint32_t name;
    uint16_t input, axis;
    int32_t min, max, step;
};

struct instruction {
    uint8_t op, immediate;
    uint16_t a;
    int32_t b;
};

struct patch {
    uint32_t at, slot;
};

static const struct sizes *sizes_of(const struct program *p)
{
    return (const void *)((const unsigned char *)p + p->sizes);
}
static const struct size *size_rows(const struct sizes *s) { return (const void *)(s + 1); }
static const struct instruction *code_of(const struct sizes *s) { return (const void *)(size_rows(s) + s->size_count); }
static const struct patch *patches_of(const struct sizes *s) { return (const void *)(code_of(s) + s->code_count); }

/* As the compiler places the copy, whatever the target. */
enum { COPY_ALIGN = 64 };
static uint32_t align_up(uint32_t n) { return (n + (COPY_ALIGN - 1)) & ~(uint32_t)(COPY_ALIGN - 1); }

/* Where in the arena the copy lies: at its end. */
static uint32_t copy_at(const struct program *p) { return p->arena_size - align_up(p->sizes); }

static int size_rows_ok(const struct program *p, const struct sizes *s)
{
    const struct size *row = size_rows(s);
    for (uint32_t i = 0; i < s->size_count; i++) {
        if (!name_ok(p, row[i].name, p->sizes) || row[i].input >= p->input_count)
            return 0;
        if (row[i].axis >= tensors(p)[row[i].input].rank)
            return 0;
        if (row[i].step < 1 || row[i].min < row[i].step || row[i].max < row[i].min)
            return 0;
        if (row[i].min % row[i].step != 0 || row[i].max % row[i].step != 0)
            return 0;
    }
    return 1;
}

static int code_ok(const struct sizes *s)
{
    const struct instruction *code = code_of(s);
    for (uint32_t i = 0, known = s->size_count; i < s->code_count; i++, known++) {
        if (code[i].op >= OP_COUNT || code[i].a >= known)
            return 0;
        if (!code[i].immediate && (uint32_t)code[i].b >= known)
            return 0;
    }
    return 1;
}

static int patches_ok(const struct program *p, const struct sizes *s)
{
    const struct patch *patch = patches_of(s);
    uint32_t slots = (uint32_t)s->size_count + s->code_count;
    for (uint32_t i = 0; i < s->patch_count; i++)
        if (patch[i].at % 4 != 0 || patch[i].at < sizeof *p || patch[i].at >= p->strings || patch[i].slot >= slots)
            return 0;
    return 1;
}

static int sizes_ok(const struct program *p, uint32_t size)
{
    if (p->sizes % 4 != 0 || p->sizes < sizeof *p || !inside(p->sizes, sizeof(struct sizes), size))
        return 0;
    const struct sizes *s = sizes_of(p);
    uint64_t need = sizeof *s + (uint64_t)s->size_count * sizeof(struct size);
    need += (uint64_t)s->code_count * sizeof(struct instruction) + (uint64_t)s->patch_count * sizeof(struct patch);
    if (need != size - p->sizes || s->size_count == 0 || s->size_count > MGECC_MAX_SIZES)
        return 0;
    uint32_t slots = (uint32_t)s->size_count + s->code_count;
    if (p->arena_size < align_up(p->sizes) || copy_at(p) % COPY_ALIGN != 0 || copy_at(p) / 4 < slots)
        return 0;
    return program_ok(p, p->sizes, 0) && size_rows_ok(p, s) && code_ok(s) && patches_ok(p, s);
}

static int32_t ratio(int32_t a, int32_t b)
{
    const union {
        float quotient;
        int32_t bits;
    } u = {(float)a / (float)b};
    return u.bits;
}

/* Rounded down. */
static int32_t divide(int32_t a, int32_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

static int32_t compute(const struct instruction *code, int32_t a, int32_t b)
{
    switch (code->op) {
    case OP_ADD:
        return (int32_t)((uint32_t)a + (uint32_t)b);
    case OP_MULTIPLY:
        return (int32_t)((uint32_t)a * (uint32_t)b);
    case OP_DIVIDE:
        return b > 0 ? divide(a, b) : 0;
    case OP_LEAST:
        return a < b ? a : b;
    case OP_MOST:
        return a > b ? a : b;
    default:
        return b > 0 ? ratio(a, b) : 0;
    }
}

/* Fill the slots, which lie at the start of the arena, and write the copy. It is checked as if it came from outside, and
 * nothing of it may lie where the copy itself does. */
static mgecc_status bind(mgecc_dynamic *d, const struct program *p)
{
    const struct sizes *s = sizes_of(p);
    const struct instruction *code = code_of(s);
    const struct patch *patch = patches_of(s);
    int32_t *slot = (void *)d->model.arena;
    const uint32_t *source = (const void *)p;
    uint32_t *copy = (void *)(d->model.arena + copy_at(p));
    struct program *head = (void *)copy;
    for (uint32_t i = 0; i < s->size_count; i++)
        slot[i] = d->sizes[i] / size_rows(s)[i].step;
    for (uint32_t i = 0; i < s->code_count; i++)
        slot[s->size_count + i] = compute(&code[i], slot[code[i].a], code[i].immediate ? code[i].b : slot[code[i].b]);
    for (uint32_t i = 0; i < p->sizes / 4; i++)
        copy[i] = source[i];
    for (uint32_t i = 0; i < s->patch_count; i++)
        copy[patch[i].at / 4] = (uint32_t)slot[patch[i].slot];
    head->arena_size = copy_at(p);
    d->model.program = program_ok(head, p->sizes, 0) ? (const unsigned char *)copy : NULL;
    return d->model.program ? MGECC_OK : MGECC_E_LAYOUT;
}

mgecc_status mgecc_start_sizes(mgecc_dynamic *d, const unsigned char *program)
{
    const struct program *p = (const void *)program;
    d->source = program;
    for (uint32_t i = 0; i < sizes_of(p)->size_count; i++)
        d->sizes[i] = size_rows(sizes_of(p))[i].max;
    return bind(d, p);
}

mgecc_status mgecc_open_sizes(mgecc_dynamic *d, const mgecc_kernels *kernels, const void *blob, size_t size,
                              void *arena, size_t arena_size)
{
    if (!d)
        return MGECC_E_ARGUMENT;
    d->model.program = NULL;
    const struct entry *e;
    mgecc_status status = check_blob(kernels, blob, size, arena, MGECC_VERSION_SIZES, &e);
    if (status != MGECC_OK)
        return status;
    const unsigned char *bytes = blob;
    const struct program *p = (const void *)(bytes + e->program);
    if (!sizes_ok(p, e->program_size))
        return MGECC_E_LAYOUT;
    if (p->arena_size > arena_size)
        return MGECC_E_ARENA;
    d->model.weights = bytes + e->weights;
    d->model.arena = arena;
    d->model.table = kernels->table;
    return mgecc_start_sizes(d, bytes + e->program);
}

unsigned mgecc_size_count(const mgecc_dynamic *d)
{
    return d && d->model.program ? sizes_of((const void *)d->source)->size_count : 0;
}

mgecc_status mgecc_size_info(const mgecc_dynamic *d, unsigned i, mgecc_size *info)
{
    if (i >= mgecc_size_count(d) || !info)
        return MGECC_E_ARGUMENT;
    const struct size *row = size_rows(sizes_of((const void *)d->source)) + i;
    info->name = (const char *)d->source + row->name;
    info->min = row->min;
    info->max = row->max;
    info->step = row->step;
    info->input = row->input;
    info->axis = row->axis;
    return MGECC_OK;
}

mgecc_status mgecc_set_sizes(mgecc_dynamic *d, const int32_t *sizes, unsigned count)
{
    if (!sizes || count == 0 || count != mgecc_size_count(d))
        return MGECC_E_ARGUMENT;
    const struct program *p = (const void *)d->source;
    const struct size *row = size_rows(sizes_of(p));
    for (unsigned i = 0; i < count; i++)
        if (sizes[i] < row[i].min || sizes[i] > row[i].max || sizes[i] % row[i].step != 0)
            return MGECC_E_SIZE;
    for (unsigned i = 0; i < count; i++)
        d->sizes[i] = sizes[i];
    return bind(d, p);
}

mgecc_status mgecc_set_shape(mgecc_dynamic *d, unsigned input, const int32_t *dims, unsigned rank)
{
    unsigned count = mgecc_size_count(d);
    mgecc_tensor info;
    if (!count || !dims || mgecc_input_info(&d->model, input, &info) != MGECC_OK)
        return MGECC_E_ARGUMENT;
    const struct size *row = size_rows(sizes_of((const void *)d->source));
    int32_t before[MGECC_MAX_SIZES], sizes[MGECC_MAX_SIZES];
    if (rank != info.rank)
        return MGECC_E_SIZE;
    for (unsigned i = 0; i < count; i++) {
        before[i] = d->sizes[i];
        sizes[i] = row[i].input == input ? dims[row[i].axis] : before[i];
    }
    mgecc_status status = mgecc_set_sizes(d, sizes, count);
    for (unsigned k = 0; status == MGECC_OK && k < rank; k++)
        if (info.dims[k] != dims[k]) { /* the dimensions of the sizes just set */
            mgecc_set_sizes(d, before, count);
            status = MGECC_E_SIZE;
        }
    return status;
}
