/* Inverse roots of whole numbers; see mgecc/ops/fixed_functions.py. */
#ifndef MG_FIXED_ROOT_H
#define MG_FIXED_ROOT_H
#include "fixed_point.h"

/* That of a number below 2^29 as a multiplier and how far it is moved, by Newton's method; that of 1 for what is below. */
MG_INLINE void mg_fixed_root(int32_t *f, int32_t number)
{
    const int pairs = (__builtin_clz((unsigned)number | 1u) - 1) / 2 - 1;
    const int32_t half = mg_fixed_halved((int32_t)((uint32_t)number << (2 * pairs & 31)) >> 1, 1);
    int32_t x = 1 << 28;
    for (int step = 0; step < 5; step++) {
        const int32_t cube = mg_fixed_doubled(mg_fixed_high(mg_fixed_high(x, x), x), 6);
        x = mg_fixed_doubled(mg_minus(mg_fixed_high(x, (1 << 28) + (1 << 27)), mg_fixed_high(cube, half)), 3);
    }
    f[0] = number > 1 ? mg_fixed_high(x, MG_FIXED_ROOT_OF_HALF) : INT32_MAX, f[1] = number > 1 ? pairs - 11 : 0;
}
#endif
