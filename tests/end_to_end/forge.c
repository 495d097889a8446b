/* Runs models whose weights were forged, with right checksums: nothing may leave the arena and the blob, and, where UBSan
 * looks, nothing may be undefined. Without AddressSanitizer, arena and blob lie between guard pages.
 *
 *     forge RUNS LOADS SEED [MODEL ...]
 *
 * RUNS for each model: the whole weight section or one tensor of it is overwritten. After each, LOADS blobs that are damaged
 * anywhere, most of them with a right checksum, are opened: they are refused, or run too. Prints how many blobs were opened. */
#define _GNU_SOURCE
#include "forge.h"
#include "internal.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, KINDS = 14 };
static const uint32_t WORDS[] = {
    0x7fffffff, 0x80000000, 0xffffffff, 0, 0x7fc00000, 0x7f800000, 0xff800000, 0x4f000000, 0xcf000001, 0x7f7fffff,
};

static uint32_t state;
static struct {
    const char *model;
    uint32_t run, start, end, kind;
} now;

static uint32_t any(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
}

static void report(int number)
{
    char text[200];
    int n = snprintf(text, sizeof text, "\nsignal %d: %s, run %u, weights [%u, %u), kind %u\n", number, now.model, now.run,
                     now.start, now.end, now.kind);
    _exit(write(2, text, (size_t)n) == n ? 3 : 4);
}

struct memory {
    unsigned char *at, *pages;
    size_t all;
};
#if defined(__SANITIZE_ADDRESS__)
static struct memory reserve(size_t bytes, int at_end)
{
    struct memory m = {NULL, NULL, bytes};
    if (posix_memalign((void **)&m.at, MGECC_ALIGN, bytes ? bytes : 1))
        exit(2);
    (void)at_end;
    return m;
}
static void give_back(struct memory m) { free(m.at); }
#else
/* Between two pages that nobody may touch, flush with one of them. */
static struct memory reserve(size_t bytes, int at_end)
{
    const size_t whole = (bytes + PAGE - 1) / PAGE * PAGE;
    struct memory m = {NULL, NULL, whole + 2 * PAGE};
    m.pages = mmap(NULL, m.all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m.pages == MAP_FAILED || mprotect(m.pages, PAGE, PROT_NONE) || mprotect(m.pages + PAGE + whole, PAGE, PROT_NONE))
        exit(2);
    m.at = m.pages + PAGE + (at_end ? (whole - bytes) / MGECC_ALIGN * MGECC_ALIGN : 0);
    return m;
}
static void give_back(struct memory m) { munmap(m.pages, m.all); }
#endif

static int rising(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Where the tensors among the weights begin, by the references of all calls. */
static uint32_t *tensor_starts(const mgecc_model *m, uint32_t *count)
{
    const struct program *p = (const void *)m->program;
    const uint32_t *call = first_call(p);
    uint32_t *starts = malloc(4 * (MGECC_MAX_OPERANDS * (size_t)p->call_count + 1)), n = 0;
    for (uint32_t i = 0; i < p->call_count; i++, call += call_args(*call) + call_operands(*call) + 1)
        for (uint32_t k = 1; k <= call_operands(*call); k++)
            if (ref_space(call[k]) == SPACE_WEIGHTS)
                starts[n++] = ref_offset(call[k]);
    qsort(starts, n, sizeof *starts, rising);
    *count = 0;
    for (uint32_t i = 0; i < n; i++)
        if (i == 0 || starts[i] != starts[i - 1])
            starts[(*count)++] = starts[i];
    starts[*count] = p->weights_size;
    return starts;
}

static void forge(unsigned char *at, uint32_t bytes, uint32_t kind)
{
    uint32_t spot = any() % (bytes / 4 ? bytes / 4 : 1);
    for (uint32_t i = 0; i + 4 <= bytes; i += 4) {
        uint32_t word, old, near = any();
        memcpy(&old, at + i, 4);
        word = kind < sizeof WORDS / 4 ? WORDS[kind]
               : kind == 10            ? near
               : kind == 11            ? (near & 1 ? old + (near & 2) - 1 : near & 0xff)
               : kind == 12            ? WORDS[near % (sizeof WORDS / 4)]
               : i == 4 * spot         ? (near & 1 ? near : WORDS[(near >> 1) % (sizeof WORDS / 4)])
                                       : old;
        memcpy(at + i, &word, 4);
    }
}

static float some_float(int wild)
{
    static const float far[] = {3e38f, -3e38f, 2147483648.0f, -1e10f, 1e-40f};
    uint32_t r = any();
    if (wild && r % 16 == 0)
        return r % 32 ? far[(r >> 8) % 5] : (r & 64 ? __builtin_inff() : __builtin_nanf(""));
    return (float)(r >> 8) / (float)(1 << 21) - 4.0f;
}

static void fill_inputs(const mgecc_model *m, int wild)
{
    mgecc_tensor info;
    for (unsigned i = 0; mgecc_input_info(m, i, &info) == MGECC_OK; i++) {
        unsigned char *to = mgecc_input(m, i);
        for (uint32_t k = 0; k < info.bytes; k++)
            to[k] = (unsigned char)(info.dtype == MGECC_BOOL ? any() & 1 : any());
        for (uint32_t k = 0; k + 4 <= info.bytes; k += 4) {
            float real = some_float(wild);
            int32_t whole = wild && any() % 4 == 0 ? (int32_t)any() : (int32_t)(any() % 8) - 1;
            if (info.dtype == MGECC_FLOAT32)
                memcpy(to + k, &real, 4);
            if (info.dtype == MGECC_INT32)
                memcpy(to + k, &whole, 4);
        }
    }
}

static void seal(unsigned char *blob)
{
    struct header *h = (void *)blob;
    h->crc = mgecc_crc32(mgecc_crc32(0, blob, 12), blob + 16, h->size - 16);
}

/* Changes a few bits or words of what comes before the weights, or of all; or cuts the blob off. */
static size_t damage(unsigned char *blob, size_t size, const struct entry *e)
{
    const size_t heads = sizeof(struct header) + sizeof(struct entry), parts[] = {heads, e->program + e->program_size, size};
    const size_t all = parts[any() % 3], times = 1 + any() % 3;
    for (size_t i = 0; i < times; i++) {
        size_t at = any() % all;
        if (any() & 1)
            blob[at] ^= (unsigned char)(1u << any() % 8);
        else
            memcpy(blob + at / 4 * 4, &WORDS[any() % (sizeof WORDS / 4)], at / 4 * 4 + 4 <= size ? 4 : 0);
    }
    const struct header *h = (const void *)blob;
    if (any() % 8 && h->size >= sizeof *h && h->size <= size)
        seal(blob);
    return any() % 8 ? size : any() % (size + 1);
}

static uint32_t attack_loader(const struct forged_model *f, uint32_t loads)
{
    const size_t size = *f->size;
    const struct entry *e = (const void *)(f->blob + sizeof(struct header));
    const uint32_t arena_size = ((const struct program *)(const void *)(f->blob + e->program))->arena_size;
    struct memory arena = reserve(arena_size, 1);
    for (uint32_t i = 0; i < loads; i++) {
        mgecc_model m;
        unsigned char *whole = malloc(size);
        memcpy(whole, f->blob, size);
        size_t bytes = damage(whole, size, e);
        struct memory blob = reserve(bytes, 1);
        memcpy(blob.at, whole, bytes);
        free(whole);
        if (mgecc_open(&m, f->kernels, blob.at, bytes, arena.at, arena_size) == MGECC_OK) {
            fill_inputs(&m, 1);
            mgecc_run(&m);
        } else if (m.program) {
            abort();
        }
        give_back(blob);
    }
    give_back(arena);
    return loads;
}

static uint32_t attack(const struct forged_model *f, uint32_t runs, uint32_t loads)
{
    const size_t size = *f->size;
    const struct entry *e = (const void *)(f->blob + sizeof(struct header));
    const uint32_t arena_size = ((const struct program *)(const void *)(f->blob + e->program))->arena_size;
    uint32_t opened = 0, count = 0, *starts = NULL;
    mgecc_model m;
    for (now.run = 0; now.run <= runs; now.run++) {
        struct memory blob = reserve(size, now.run & 1), arena = reserve(arena_size, !(now.run & 2));
        memcpy(blob.at, f->blob, size);
        now.start = now.end = 0;
        if (starts) { /* the first run is of the blob as it is */
            uint32_t pick = any() % (count + 1), whole = pick == count;
            now.start = whole ? 0 : starts[pick], now.end = whole ? e->weights_size : starts[pick + 1];
            now.kind = any() % KINDS;
            forge(blob.at + e->weights + now.start, now.end - now.start, now.kind);
            seal(blob.at);
        }
        if (mgecc_open(&m, f->kernels, blob.at, size, arena.at, arena_size) != MGECC_OK)
            abort();
        if (!starts && !((starts = tensor_starts(&m, &count)), count))
            runs = runs < 4 ? runs : 4; /* nothing to forge, but inputs vary */
        fill_inputs(&m, now.run % 4 == 3);
        mgecc_run(&m);
        opened++;
        give_back(blob);
        give_back(arena);
        opened += attack_loader(f, loads);
    }
    free(starts);
    return opened;
}

int main(int argc, char **argv)
{
    const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGTRAP, SIGFPE};
    uint64_t opened = 0;
    if (argc < 4)
        return 2;
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], report);
    for (const struct forged_model *f = forged_models; f->name; f++) {
        int wanted = argc == 4;
        for (int i = 4; i < argc; i++)
            wanted |= !strcmp(argv[i], f->name);
        now.model = f->name;
        state = (uint32_t)strtoul(argv[3], NULL, 0) * 2654435761u + 1;
        opened += wanted ? attack(f, (uint32_t)strtoul(argv[1], NULL, 0), (uint32_t)strtoul(argv[2], NULL, 0)) : 0;
    }
    printf("%llu\n", (unsigned long long)opened);
    return 0;
}
