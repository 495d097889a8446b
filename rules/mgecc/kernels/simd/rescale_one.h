/* One whole sum times factor * 2^(shift - 31), rounded as mgecc/ops/rescale.py says. kind: 1 twice (double), 2 once with halves
 * up (single), 3 once with halves to even. Nothing that blobs hold may shift too far. */
#ifndef MG_RESCALE_ONE_H
#define MG_RESCALE_ONE_H
#include "int8_lanes.h"

MG_INLINE int32_t mg_shift_left(int32_t a, int32_t count)
{
    const int32_t most = INT32_MAX >> count, least = -most - 1;
    return (int32_t)((uint32_t)(a < least ? least : a > most ? most : a) << count);
}

MG_INLINE int32_t mg_rescale_sum(int kind, int32_t sum, int32_t factor, int32_t shift)
{
    const int32_t right = shift > 0 ? 0 : -(shift | -32) & 31;
    const int64_t product = (int64_t)(shift > 0 ? mg_shift_left(sum, shift & 31) : sum) * factor;
    if (kind == 1) {
        const int32_t high = (int32_t)((product + (1 << 30)) >> 31), mask = (int32_t)((1u << right) - 1u);
        return (high >> right) + ((high & mask) > (mask >> 1) - (high >> 31));
    }
    const int64_t half = (int64_t)1 << (30 + right), even = kind == 3 ? ((product >> (31 + right)) & 1) - 1 : 0;
    return (int32_t)((product + half + even) >> (31 + right));
}

/* Limits of stored numbers from the zero point, and that; from the array q of requant_numbers.h. */
typedef struct { mg_vi low, high, zero; } mg_ends;
MG_INLINE mg_ends mg_ends_load(const float *q)
{
    return (mg_ends){mg_vi_set1(mg_whole(q[2])), mg_vi_set1(mg_whole(q[3])), mg_vi_set1(mg_whole(q[5]))};
}

MG_INLINE mg_vi mg_ends_apply(mg_ends e, mg_vi a) { return mg_vi_add(mg_vi_min(mg_vi_max(a, e.low), e.high), e.zero); }

MG_INLINE int32_t mg_rescale_one(int kind, const float *q, int32_t sum, const int32_t *factors)
{
    const int32_t a = mg_rescale_sum(kind, sum, factors[0], factors[1]), low = mg_whole(q[2]), high = mg_whole(q[3]);
    return mg_plus(a < low ? low : a > high ? high : a, mg_whole(q[5]));
}
#endif
