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
/* Weak: two libraries that hold the same kernel share one copy when they are linked together. */
#define MG_KERNEL __attribute__((visibility("hidden"), weak))
#endif
