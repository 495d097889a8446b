/* Runs a model on recorded inputs, on any machine with a port.
 *
 *     runner INPUT OUTPUT [--blob FILE] [--repeat N] [--shape-set N] [--sizes NxN...] [--layers] [--dump FILE]
 *
 * INPUT: cases one after the other, each all inputs of the model in order, raw bytes. OUTPUT: all outputs of each case
 * likewise. --blob: use this blob instead of the embedded one. --repeat: run each case N times and print nanoseconds.
 * --layers: print the nanoseconds of every kernel call of one more run of each case. Every run stands between calls of
 * mg_mark_begin and mg_mark_end, every kernel call of that one more run between mg_call_begin and mg_call_end, where
 * emulators count. Prints a line for each problem and returns 1 if there is any.
 *
 * --shape-set: the input shapes to run with, where the library has several; 0 is the first.
 *
 * --sizes: all declared sizes, where the model has any.
 *
 * --dump: write parts of the arena to OUTPUT instead of outputs, as FILE lists them: records of three 32-bit words of
 * this machine, in order of the first: the kernel call after which the part is written, its offset, its bytes.
 *
 * Compiled with -DMG_MODEL_HEADER='"x.h"' -DMG_MODEL=x -DMG_ARENA_SIZE=X_ARENA_SIZE and, for several sets of input
 * shapes, -DMG_SHAPE_SETS=X_SHAPE_SETS; for declared sizes, -DMG_SIZES; for inputs or outputs in buffers,
 * -DMG_BUFFERS_SIZE=X_BUFFERS_SIZE. */
#include "port.h"
#include MG_MODEL_HEADER

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

static MGECC_ALIGNED unsigned char arena[MG_ARENA_SIZE];

struct options {
    const char *input, *output, *blob, *sizes, *dump;
    unsigned long repeat, shape_set;
    int layers;
};

/* Each with a body of its own, or a linker that folds equal functions makes one of them. */
#define MARK(name, body)                             \
    __attribute__((noinline, used)) void name(void); \
    void name(void) { __asm__ volatile(body::: "memory"); }
MARK(mg_mark_begin, "")
MARK(mg_mark_end, "nop")
MARK(mg_call_begin, "nop\n nop")
MARK(mg_call_end, "nop\n nop\n nop")

static int problem(const char *what, const char *detail)
{
    mg_port_print("runner: ");
    mg_port_print(what);
    mg_port_print(": ");
    mg_port_print(detail);
    mg_port_print("\n");
    return 1;
}

static void print_number(const char *label, uint64_t value)
{
    char text[24], *at = text + sizeof text - 1;
    *at = 0;
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    mg_port_print(label);
    mg_port_print(" ");
    mg_port_print(at);
    mg_port_print("\n");
}

static int equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static unsigned long number(const char *text)
{
    unsigned long value = 0;
    while (*text >= '0' && *text <= '9' && value < 100000000)
        value = value * 10 + (unsigned long)(*text++ - '0');
    return *text ? 0 : value;
}

static int parse(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int more = i + 1 < argc;
        if (equal(argv[i], "--layers"))
            o->layers = 1;
        else if (equal(argv[i], "--blob") && more)
            o->blob = argv[++i];
        else if (equal(argv[i], "--repeat") && more)
            o->repeat = number(argv[++i]);
        else if (equal(argv[i], "--shape-set") && more)
            o->shape_set = number(argv[++i]);
        else if (equal(argv[i], "--sizes") && more)
            o->sizes = argv[++i];
        else if (equal(argv[i], "--dump") && more)
            o->dump = argv[++i];
        else if (argv[i][0] == '-' || o->output)
            return problem("unknown argument", argv[i]);
        else if (o->input)
            o->output = argv[i];
        else
            o->input = argv[i];
    }
    if (!o->output || !o->repeat)
        return problem("usage", "runner INPUT OUTPUT [--blob FILE] [--repeat N] [--shape-set N] [--sizes NxN...] "
                                "[--layers] [--dump FILE]");
    return 0;
}

/* What is called of a model, which may be one of three kinds. */
#if defined(MG_BUFFERS_SIZE)
typedef mgecc_bound any_model;
#define BASE(m) (&(m)->model)
#define RUN mgecc_run_bound
#define RUN_HOOKED mgecc_run_bound_hooked
#elif defined(MG_SIZES)
typedef mgecc_dynamic any_model;
#define BASE(m) (&(m)->model)
#else
typedef mgecc_model any_model;
#define BASE(m) (m)
#endif

#ifdef MG_BUFFERS_SIZE
static MGECC_ALIGNED unsigned char buffers[MG_BUFFERS_SIZE];

static void *input_of(const any_model *m, unsigned i) { return (void *)(uintptr_t)mgecc_bound_input(m, i); }
static const void *output_of(const any_model *m, unsigned i) { return mgecc_bound_output(m, i); }

/* One behind the other. */
static mgecc_status bind_buffers(any_model *m)
{
    unsigned char *at = buffers;
    mgecc_status status = MGECC_OK;
    mgecc_tensor info;
    for (unsigned i = 0; status == MGECC_OK && mgecc_input_info(BASE(m), i, &info) == MGECC_OK; i++)
        if (!mgecc_bound_input(m, i)) {
            status = mgecc_bind_input(m, i, at, info.bytes);
            at += (info.bytes + 63) / 64 * 64;
        }
    for (unsigned i = 0; status == MGECC_OK && mgecc_output_info(BASE(m), i, &info) == MGECC_OK; i++)
        if (!mgecc_bound_output(m, i)) {
            status = mgecc_bind_output(m, i, at, info.bytes);
            at += (info.bytes + 63) / 64 * 64;
        }
    return status;
}
#else
static void *input_of(const any_model *m, unsigned i) { return mgecc_input(BASE(m), i); }
static const void *output_of(const any_model *m, unsigned i) { return mgecc_output(BASE(m), i); }
static mgecc_status bind_buffers(any_model *m) { return m ? MGECC_OK : MGECC_E_ARGUMENT; }

#if defined(MG_THREADS) && MG_THREADS > 1
#define RUN(m) mgecc_run_parallel(BASE(m))
#else
#define RUN(m) mgecc_run(BASE(m))
#endif
#define RUN_HOOKED(m, hook, user) mgecc_run_hooked(BASE(m), hook, user)
#endif

#ifdef MG_SIZES
static mgecc_status set_sizes(any_model *m, const char *text)
{
    int32_t sizes[MGECC_MAX_SIZES];
    unsigned count = 0;
    for (; *text && count < MGECC_MAX_SIZES; text += *text == 'x') {
        int32_t size = 0;
        for (; *text >= '0' && *text <= '9' && size < 100000000; text++)
            size = size * 10 + (*text - '0');
        sizes[count++] = size;
        if (*text && *text != 'x')
            return MGECC_E_ARGUMENT;
    }
    return mgecc_set_sizes(m, sizes, count);
}
#else
static mgecc_status set_sizes(any_model *m, const char *text) { return m && text ? MGECC_E_ARGUMENT : MGECC_OK; }
#endif

#if defined(MG_SHAPE_SETS) && MG_SHAPE_SETS > 1
static mgecc_status open_linked(any_model *m, unsigned long shape_set)
{
    return JOIN(MG_MODEL, _open_shapes)(m, (unsigned)shape_set, arena, sizeof arena);
}

static mgecc_status open_loaded(any_model *m, unsigned long shape_set, const void *blob, size_t size)
{
    return JOIN(MG_MODEL, _open_shapes_blob)(m, (unsigned)shape_set, blob, size, arena, sizeof arena);
}
#else
static mgecc_status open_linked(any_model *m, unsigned long shape_set)
{
    return shape_set ? MGECC_E_ARGUMENT : JOIN(MG_MODEL, _open)(m, arena, sizeof arena);
}

static mgecc_status open_loaded(any_model *m, unsigned long shape_set, const void *blob, size_t size)
{
    return shape_set ? MGECC_E_ARGUMENT : JOIN(MG_MODEL, _open_blob)(m, blob, size, arena, sizeof arena);
}
#endif

static int open_model(any_model *m, const struct options *o)
{
    mgecc_status status;
    if (o->blob) {
        size_t size = 0;
        const void *blob = mg_port_load(o->blob, &size);
        if (!blob)
            return problem("cannot load", o->blob);
        status = open_loaded(m, o->shape_set, blob, size);
    } else {
        status = open_linked(m, o->shape_set);
    }
    if (status != MGECC_OK)
        return problem("cannot open the model", mgecc_status_text(status));
    status = o->sizes ? set_sizes(m, o->sizes) : MGECC_OK;
    if (status != MGECC_OK)
        return problem("cannot set the sizes", mgecc_status_text(status));
    status = bind_buffers(m);
    return status == MGECC_OK ? 0 : problem("cannot bind inputs and outputs", mgecc_status_text(status));
}

/* Bytes read; fewer than count only at the end of the file. */
static size_t read_all(int file, void *to, size_t count)
{
    size_t done = 0;
    while (done < count) {
        long got = mg_port_read(file, (char *)to + done, count - done);
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

static size_t read_inputs(const any_model *m, int file)
{
    size_t done = 0;
    for (unsigned i = 0; i < mgecc_input_count(BASE(m)); i++) {
        mgecc_tensor info;
        mgecc_input_info(BASE(m), i, &info);
        done += read_all(file, input_of(m, i), info.bytes);
    }
    return done;
}

static int write_all(int file, const void *from, size_t count)
{
    for (size_t done = 0; done < count;) {
        long put = mg_port_write(file, (const char *)from + done, count - done);
        if (put <= 0)
            return 1;
        done += (size_t)put;
    }
    return 0;
}

static int write_outputs(const any_model *m, int file)
{
    for (unsigned i = 0; i < mgecc_output_count(BASE(m)); i++) {
        mgecc_tensor info;
        mgecc_output_info(BASE(m), i, &info);
        if (write_all(file, output_of(m, i), info.bytes))
            return 1;
    }
    return 0;
}

static void layer_hook(void *user, unsigned call_index, int begin)
{
    uint64_t *start = user;
    if (begin) {
        *start = mg_port_nanoseconds();
        mg_call_begin();
        return;
    }
    mg_call_end();
    uint64_t spent = mg_port_nanoseconds() - *start;
    print_number("call", call_index);
    print_number("ns", spent);
}

static size_t case_bytes(const any_model *m)
{
    size_t sum = 0;
    for (unsigned i = 0; i < mgecc_input_count(BASE(m)); i++) {
        mgecc_tensor info;
        mgecc_input_info(BASE(m), i, &info);
        sum += info.bytes;
    }
    return sum;
}

static void timed_run(const any_model *m, int print)
{
    uint64_t start = mg_port_nanoseconds();
    mg_mark_begin();
    RUN(m);
    mg_mark_end();
    if (print)
        print_number("ns", mg_port_nanoseconds() - start);
}

/* The inputs of this case are in the arena already; runs may overwrite them, so each later run reads them again. */
static int run_case(const any_model *m, const struct options *o, int input, size_t offset)
{
    uint64_t start = 0;
    if (o->layers) {
        RUN_HOOKED(m, layer_hook, &start);
        if (mg_port_rewind(input, offset) != 0)
            return 1;
        read_inputs(m, input);
    }
    for (unsigned long i = 0; i < o->repeat; i++) {
        timed_run(m, o->repeat > 1);
        if (i + 1 == o->repeat)
            break;
        if (mg_port_rewind(input, offset) != 0)
            return 1;
        read_inputs(m, input);
    }
    return 0;
}

/* A list of parts, of which the next one is known: one at a time, as there may be more than memory has room for. */
struct dump {
    int list, output, left, failed;
    uint32_t next[3];
};

static void read_next(struct dump *d) { d->left = read_all(d->list, d->next, sizeof d->next) == sizeof d->next; }

static void dump_hook(void *user, unsigned call_index, int begin)
{
    struct dump *d = user;
    for (; !begin && d->left && d->next[0] == call_index; read_next(d)) {
        int inside = d->next[1] <= sizeof arena && d->next[2] <= sizeof arena - d->next[1];
        d->failed |= !inside || write_all(d->output, arena + d->next[1], d->next[2]);
    }
}

static int dump_case(const any_model *m, int list, int output)
{
    struct dump d = {list, output, 0, 0, {0, 0, 0}};
    if (mg_port_rewind(list, 0) != 0)
        return 1;
    read_next(&d);
    RUN_HOOKED(m, dump_hook, &d);
    return d.failed || d.left;
}

static int dump_cases(const any_model *m, const struct options *o, int input, int output)
{
    int list = mg_port_open(o->dump, 0), failed = list < 0;
    size_t bytes = case_bytes(m);
    while (!failed && read_inputs(m, input) == bytes) {
        failed = dump_case(m, list, output);
        if (bytes == 0)
            break;
    }
    if (list >= 0)
        mg_port_close(list);
    return failed ? problem("cannot dump what is listed in", o->dump) : 0;
}

static int run_cases(const any_model *m, const struct options *o, int input, int output)
{
    size_t bytes = case_bytes(m), got;
    for (size_t offset = 0; (got = read_inputs(m, input)) == bytes; offset += bytes) {
        if (run_case(m, o, input, offset))
            return problem("cannot read again", o->input);
        if (write_outputs(m, output))
            return problem("cannot write", o->output);
        if (bytes == 0)
            return 0; /* a model without inputs has one case */
    }
    return got ? problem("the last case is incomplete", o->input) : 0;
}

int mg_main(int argc, char **argv)
{
    struct options o = {NULL, NULL, NULL, NULL, NULL, 1, 0, 0};
    any_model model;
    if (parse(&o, argc, argv) || open_model(&model, &o))
        return 1;
    int input = mg_port_open(o.input, 0);
    if (input < 0)
        return problem("cannot read", o.input);
    int output = mg_port_open(o.output, 1);
    int failed =
        output < 0 ? problem("cannot write", o.output) : (o.dump ? dump_cases : run_cases)(&model, &o, input, output);
    mg_port_close(input);
    if (output >= 0)
        mg_port_close(output);
    return failed;
}
