/* One whole sum of 64 bits times factor * 2^(shift - 15), once with halves up ("wide" of mgecc/ops/rescale.py); factors have 15 bits. */
#ifndef MG_RESCALE_WIDE_H
#define MG_RESCALE_WIDE_H
#include "rescale_one.h"

MG_INLINE int32_t mg_rescale_wide(const float *q, int64_t sum, const int32_t *factors)
{
    const int32_t down = mg_minus(15, factors[1]) & 63, low = mg_whole(q[2]), high = mg_whole(q[3]);
    const int64_t a = (int64_t)((uint64_t)sum * (uint64_t)(int64_t)factors[0] + ((uint64_t)1 << down >> 1)) >> down;
    return mg_plus(a < low ? low : a > high ? high : (int32_t)a, mg_whole(q[5]));
}
#endif
