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
/* Weak: two libraries that hold the same kernel share one copy when they are linked together. */
#define MG_KERNEL __attribute__((visibility("hidden"), weak))
#endif
