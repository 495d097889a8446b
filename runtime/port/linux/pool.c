/* mgecc_parallel without libc: threads by the system call clone. Not for programs with a C library, whose threads need
 * what that one sets up; they take ../hosted/pool.c. */
#define MG_NO_START
#include "syscall.h"
#include <stddef.h>
#include <stdint.h>

enum { STACK = 1 << 18, PROT_RW = 3, MAP_PRIVATE_ANONYMOUS = 0x22, FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129 };

/* Call run(argument) in a new thread on the stack that ends at top; negative if there is none. The flags share memory,
 * files and signals: CLONE_VM | FS | FILES | SIGHAND | THREAD | SYSVSEM. */
long mg_clone(void (*run)(void *), void *argument, void *top);
#if defined(__x86_64__)
__asm__(
    ".text\n.type mg_clone, %function\nmg_clone:\n"
    "sub $16, %rdx\nmov %rdi, (%rdx)\nmov %rsi, 8(%rdx)\nmov %rdx, %rsi\nmov $0x50f00, %edi\n"
    "xor %edx, %edx\nxor %r10d, %r10d\nxor %r8d, %r8d\nmov $56, %eax\nsyscall\n"
    "test %rax, %rax\njnz 1f\nxor %ebp, %ebp\npop %rax\npop %rdi\ncall *%rax\n1: ret\n.size mg_clone, . - mg_clone\n");
#elif defined(__aarch64__)
__asm__(".text\n.type mg_clone, %function\nmg_clone:\n"
        "sub x2, x2, #16\nstp x0, x1, [x2]\nmov x1, x2\nmov x0, #0x0f00\nmovk x0, #0x5, lsl #16\n"
        "mov x2, #0\nmov x3, #0\nmov x4, #0\nmov x8, #220\nsvc #0\n"
        "cbnz x0, 1f\nmov x29, #0\nmov x30, #0\nldp x9, x0, [sp], #16\nblr x9\n1: ret\n.size mg_clone, . - mg_clone\n");
#elif defined(__arm__)
__asm__(".syntax unified\n.text\n.balign 4\n.type mg_clone, %function\n.thumb_func\nmg_clone:\n.thumb\n"
        "push {r4, r7}\nsub r2, r2, #8\nstr r0, [r2]\nstr r1, [r2, #4]\nmov r1, r2\nmovw r0, #0x0f00\nmovt r0, #0x5\n"
        "movs r2, #0\nmovs r3, #0\nmovs r4, #0\nmovs r7, #120\nsvc #0\n"
        "cbnz r0, 1f\npop {r3}\npop {r0}\nblx r3\n1: pop {r4, r7}\nbx lr\n.size mg_clone, . - mg_clone\n");
#endif

static void pool_wait(int *word, int value) { mg_syscall(SYS_FUTEX, (long)word, FUTEX_WAIT_PRIVATE, value, 0, 0, 0); }
static void pool_wake(int *word) { mg_syscall(SYS_FUTEX, (long)word, FUTEX_WAKE_PRIVATE, 1 << 30, 0, 0, 0); }

static int pool_start(void (*run)(void *), void *argument)
{
    long stack = mg_syscall(SYS_MMAP, 0, STACK, PROT_RW, MAP_PRIVATE_ANONYMOUS, -1, 0);
    if ((unsigned long)stack > (unsigned long)-4096)
        return 0;
    return mg_clone(run, argument, (char *)stack + STACK) > 0;
}

#include "../pool.h"
