/* What every ISA header starts with. */
#ifndef MG_COMMON_H
#define MG_COMMON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* All of libc that kernels may call; declared here because bare-metal compilers come without string.h. */
void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memset(void *to, int byte, size_t count);
/* Sums of single numbers, of halves too. */
typedef float mg_wide;
#define MG_INLINE static inline __attribute__((always_inline, unused))
/* A number of which compilers know nothing, so that they do not take it apart again inside a loop. */
MG_INLINE ptrdiff_t mg_hidden(ptrdiff_t n)
{
    __asm__("" : "+r"(n));
    return n;
}
/* Truncates like a cast, which is undefined for what does not fit into the result; here that gives some number. */
#if defined(__SSE2__)
#define MG_TRUNCATE(r, a) __asm__("cvttss2si %1, %0" : "=r"(r) : "x"(a))
#elif defined(__aarch64__)
#define MG_TRUNCATE(r, a) __asm__("fcvtzs %w0, %s1" : "=r"(r) : "w"(a))
#elif defined(__ARM_FP) && (__ARM_FP & 4)
#define MG_TRUNCATE(r, a) __asm__("vcvt.s32.f32 %1, %1\n\tvmov %0, %1" : "=r"(r), "+t"(a))
#elif defined(__riscv_flen)
#define MG_TRUNCATE(r, a) __asm__("fcvt.w.s %0, %1, rtz" : "=r"(r) : "f"(a))
#endif
MG_INLINE int32_t mg_whole(float a)
{
#ifdef MG_TRUNCATE
    int32_t r;
    MG_TRUNCATE(r, a);
    return r;
#else
    return a > -2147483648.0f && a < 2147483648.0f ? (int32_t)a : INT32_MIN;
#endif
}
/* Integers wrap around: unsigned arithmetic, then back. */
MG_INLINE int32_t mg_plus(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }
MG_INLINE int32_t mg_minus(int32_t a, int32_t b) { return (int32_t)((uint32_t)a - (uint32_t)b); }
MG_INLINE int32_t mg_times(int32_t a, int32_t b) { return (int32_t)((uint32_t)a * (uint32_t)b); }
/* Whether all of `count` numbers lie in 0 .. bound - 1: tables of positions are weights, which anybody may have changed. */
static __attribute__((noinline, unused)) bool mg_all_below(const int32_t *p, int32_t count, uint32_t bound)
{
    for (; count > 0; count--)
        if ((uint32_t)*p++ >= bound)
            return false;
    return true;
}
/* Weak: two libraries that hold the same kernel share one copy when they are linked together. */
#define MG_KERNEL __attribute__((visibility("hidden"), weak))
#endif
