/* System call numbers, how to make a call, and where a program starts, for each machine. Who defines MG_NO_START has
 * another file that holds the start. */
#ifndef MG_SYSCALL_H
#define MG_SYSCALL_H

#ifdef MG_NO_START
#define MG_START(text)
#else
#define MG_START(text) __asm__(text);
#endif

#if defined(__x86_64__)
enum { SYS_READ = 0, SYS_WRITE = 1, SYS_CLOSE = 3, SYS_LSEEK = 8, SYS_MMAP = 9 };
enum { SYS_CLOCK_GETTIME = 228, SYS_EXIT_GROUP = 231, SYS_OPENAT = 257, SYS_FUTEX = 202, SYS_ARCH_PRCTL = 158 };

static long mg_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return number;
}

MG_START(".text\n.global _start\n.type _start, %function\n_start:\n"
         "xor %ebp, %ebp\nmov %rsp, %rdi\nand $-16, %rsp\ncall mg_start\n.size _start, . - _start\n")

#elif defined(__aarch64__)
enum { SYS_OPENAT = 56, SYS_CLOSE = 57, SYS_LSEEK = 62, SYS_READ = 63, SYS_WRITE = 64 };
enum { SYS_EXIT_GROUP = 94, SYS_CLOCK_GETTIME = 113, SYS_MMAP = 222, SYS_FUTEX = 98 };

static long mg_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}

MG_START(".text\n.global _start\n.type _start, %function\n_start:\n"
         "mov x29, #0\nmov x30, #0\nmov x0, sp\nbl mg_start\n.size _start, . - _start\n")

#elif defined(__arm__)
enum { SYS_READ = 3, SYS_WRITE = 4, SYS_CLOSE = 6, SYS_LSEEK = 19, SYS_MMAP = 192 };
enum { SYS_EXIT_GROUP = 248, SYS_CLOCK_GETTIME = 263, SYS_OPENAT = 322, SYS_FUTEX = 240 };

/* In assembly, because r7 holds the number and is also the frame pointer of Thumb code. */
long mg_syscall(long number, long a, long b, long c, long d, long e, long f);
MG_START(".syntax unified\n.text\n.balign 4\n.global mg_syscall\n.type mg_syscall, "
         "%function\n.thumb_func\nmg_syscall:\n.thumb\n"
         "push {r4, r5, r7, lr}\nmov r7, r0\nmov r0, r1\nmov r1, r2\nmov r2, r3\n"
         "ldr r3, [sp, #16]\nldr r4, [sp, #20]\nldr r5, [sp, #24]\nsvc #0\npop {r4, r5, r7, pc}\n"
         ".size mg_syscall, . - mg_syscall\n"
         ".global _start\n.type _start, %function\n.thumb_func\n_start:\n"
         "mov r0, sp\nbl mg_start\n.size _start, . - _start\n")
#else
#error "no system calls for this machine"
#endif
#endif
