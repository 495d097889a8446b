/* Linux without libc: a few system calls. */
#include "construct.h"
#include "port.h"
#include "syscall.h"

#define AT_CWD (-100)
enum { READ_ONLY = 0, WRITE_ANEW = 01 | 0100 | 01000 };
enum { PROT_READ = 1, MAP_PRIVATE = 2 };
enum { REQUEST_STATE = 0x1023, TILE_DATA = 18 }; /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILE_DATA */

static long call3(long number, long a, long b, long c) { return mg_syscall(number, a, b, c, 0, 0, 0); }

int mg_port_open(const char *path, int mode)
{
    return (int)mg_syscall(SYS_OPENAT, AT_CWD, (long)path, mode ? WRITE_ANEW : READ_ONLY, 0644, 0, 0);
}

long mg_port_read(int file, void *to, size_t count) { return call3(SYS_READ, file, (long)to, (long)count); }
long mg_port_write(int file, const void *from, size_t count) { return call3(SYS_WRITE, file, (long)from, (long)count); }
int mg_port_rewind(int file, size_t offset) { return call3(SYS_LSEEK, file, (long)offset, 0) < 0; }
void mg_port_close(int file) { call3(SYS_CLOSE, file, 0, 0); }

void mg_port_print(const char *text)
{
    size_t count = 0;
    while (text[count])
        count++;
    mg_port_write(1, text, count);
}

const void *mg_port_load(const char *path, size_t *size)
{
    int file = mg_port_open(path, 0);
    if (file < 0)
        return NULL;
    long end = call3(SYS_LSEEK, file, 0, 2);
    unsigned long at =
        end > 0 ? (unsigned long)mg_syscall(SYS_MMAP, 0, end, PROT_READ, MAP_PRIVATE, file, 0) : (unsigned long)-1;
    mg_port_close(file);
    *size = (size_t)end;
    return at > (unsigned long)-4096 ? NULL : (const void *)at;
}

uint64_t mg_port_nanoseconds(void)
{
    long now[2] = {0, 0};
    call3(SYS_CLOCK_GETTIME, 1, (long)now, 0);
    return (uint64_t)now[0] * 1000000000u + (uint64_t)now[1];
}

/* stack: argument count, then the arguments. */
__attribute__((noreturn, used)) void mg_start(long *stack);
void mg_start(long *stack)
{
#ifdef __AMX_TILE__
    call3(SYS_ARCH_PRCTL, REQUEST_STATE, TILE_DATA, 0);
#endif
    mg_port_construct();
    int result = mg_main((int)stack[0], (char **)(stack + 1));
    for (;;)
        call3(SYS_EXIT_GROUP, result, 0, 0);
}
