/* Arithmetic of fixed-point numbers as gemmlowp has it (fixedpoint/fixedpoint.h); see mgecc/ops/fixed_functions.py. */
#ifndef MG_FIXED_POINT_H
#define MG_FIXED_POINT_H

#define MG_FIXED_ROOT_OF_HALF 1518500250 /* of 2^31 */

/* a * b / 2^31, halves up. */
MG_INLINE int32_t mg_fixed_high(int32_t a, int32_t b) { return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31); }

/* value * 2^bits, saturated. */
MG_INLINE int32_t mg_fixed_doubled(int32_t value, int bits)
{
    const int32_t most = INT32_MAX >> bits;
    return value > most ? INT32_MAX : value < -most - 1 ? INT32_MIN : (int32_t)((uint32_t)value << bits);
}

/* value / 2^bits, halves away from zero; bits at most 31. */
MG_INLINE int32_t mg_fixed_halved(int32_t value, int bits)
{
    const int32_t mask = (int32_t)((1u << bits) - 1u);
    return (value >> bits) + ((value & mask) > (mask >> 1) - (value >> 31));
}

/* 1 / (1 + fraction) of 2^31, by Newton's method. */
MG_INLINE int32_t mg_fixed_reciprocal(int32_t fraction)
{
    const int32_t half = (int32_t)(((int64_t)fraction + ((int64_t)1 << 31)) >> 1);
    int32_t value = 1515870810 + mg_fixed_high(half, -1010580540);
    for (int step = 0; step < 3; step++)
        value = mg_plus(value, mg_fixed_doubled(mg_fixed_high(value, (1 << 29) - mg_fixed_high(half, value)), 2));
    return mg_fixed_doubled(value, 1);
}
#endif
