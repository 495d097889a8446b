/* Cortex-M with files, console and command line by Arm semihosting: a debugger or QEMU answers. */
#include "construct.h"
#include "port.h"

/* Bytes reserved for a blob that is loaded from a file; 0 = only the embedded one can be used. */
#ifndef MG_PORT_BLOB_BYTES
#define MG_PORT_BLOB_BYTES 0
#endif

enum { OPEN = 0x01, CLOSE = 0x02, WRITE0 = 0x04, WRITE = 0x05, READ = 0x06, SEEK = 0x0a, FLEN = 0x0c, CMDLINE = 0x15 };
enum { EXIT_EXTENDED = 0x20, STOPPED_BY_PROGRAM = 0x20026 };
enum { READ_BINARY = 1, WRITE_BINARY = 5, MAX_ARGS = 16, LINE = 1024 };

static int32_t semihost(int32_t operation, const void *block)
{
    register int32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static size_t length(const char *text)
{
    size_t count = 0;
    while (text[count])
        count++;
    return count;
}

int mg_port_open(const char *path, int mode)
{
    const uintptr_t block[3] = {(uintptr_t)path, mode ? WRITE_BINARY : READ_BINARY, length(path)};
    return semihost(OPEN, block);
}

/* READ and WRITE answer with the bytes that were not done. */
static long transfer(int32_t operation, int file, const void *memory, size_t count)
{
    const uintptr_t block[3] = {(uintptr_t)file, (uintptr_t)memory, count};
    int32_t rest = semihost(operation, block);
    return rest < 0 || (size_t)rest > count ? -1 : (long)(count - (size_t)rest);
}

long mg_port_read(int file, void *to, size_t count) { return transfer(READ, file, to, count); }
long mg_port_write(int file, const void *from, size_t count) { return transfer(WRITE, file, from, count); }
void mg_port_print(const char *text) { semihost(WRITE0, text); }

int mg_port_rewind(int file, size_t offset)
{
    const uintptr_t block[2] = {(uintptr_t)file, offset};
    return semihost(SEEK, block) < 0;
}

void mg_port_close(int file)
{
    const uintptr_t block[1] = {(uintptr_t)file};
    semihost(CLOSE, block);
}

const void *mg_port_load(const char *path, size_t *size)
{
    static unsigned char space[MG_PORT_BLOB_BYTES + 1] __attribute__((aligned(64)));
    int file = mg_port_open(path, 0);
    if (file < 0)
        return NULL;
    const uintptr_t block[1] = {(uintptr_t)file};
    int32_t count = semihost(FLEN, block);
    int fits = count > 0 && (uint32_t)count < sizeof space;
    int whole = fits && mg_port_read(file, space, (size_t)count) == count;
    mg_port_close(file);
    *size = (size_t)count;
    return whole ? space : NULL;
}

uint64_t mg_port_nanoseconds(void) { return 0; }

/* Cut the command line at spaces. */
static int split(char *line, char **argv)
{
    int argc = 0;
    while (argc < MAX_ARGS) {
        while (*line == ' ')
            line++;
        if (!*line)
            break;
        argv[argc++] = line;
        while (*line && *line != ' ')
            line++;
        if (*line)
            *line++ = 0;
    }
    return argc;
}

__attribute__((noreturn)) static void leave(int result)
{
    const uintptr_t block[2] = {STOPPED_BY_PROGRAM, (uintptr_t)result};
    for (;;)
        semihost(EXIT_EXTENDED, block);
}

extern unsigned char mg_data_start[], mg_data_end[], mg_data_load[], mg_bss_start[], mg_bss_end[];
extern uint32_t mg_stack_top[];
/* Of further memories of the board; a linker script of one's own need not have any. */
extern const uint32_t mg_copies_start[] __attribute__((weak)), mg_copies_end[] __attribute__((weak));
void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memset(void *to, int byte, size_t count);

__attribute__((noreturn, used)) void mg_reset(void);
__attribute__((noreturn)) static void fault(void)
{
    mg_port_print("runner: processor fault\n");
    leave(3);
}

void mg_reset(void)
{
    static char line[LINE];
    static char *argv[MAX_ARGS];
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* CPACR: coprocessors 10 and 11, the FPU */
    __asm__ volatile("dsb\nisb" ::: "memory");
#endif
    memcpy(mg_data_start, mg_data_load, (size_t)(mg_data_end - mg_data_start));
    memset(mg_bss_start, 0, (size_t)(mg_bss_end - mg_bss_start));
    for (const uint32_t *copy = mg_copies_start; copy != mg_copies_end; copy += 3)
        if (copy[0])
            memcpy((void *)(uintptr_t)copy[1], (const void *)(uintptr_t)copy[0], copy[2]);
        else
            memset((void *)(uintptr_t)copy[1], 0, copy[2]);
    mg_port_construct();
    const uintptr_t block[2] = {(uintptr_t)line, LINE};
    int argc = semihost(CMDLINE, block) == 0 ? split(line, argv) : 0;
    leave(mg_main(argc, argv));
}

__attribute__((section(".vectors"), used)) static const struct {
    void *stack;
    void (*handlers[15])(void);
} vectors = {
    mg_stack_top,
    {mg_reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault},
};
