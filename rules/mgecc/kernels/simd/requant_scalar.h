/* From sums of products to stored numbers one at a time. See requant_numbers.h. */
#ifndef MG_REQUANT_H
#define MG_REQUANT_H
#define MG_REQUANT_FIELDS \
    int32_t factor, shift, least; \
    const float *numbers;
#define MG_REQUANT_LOAD(r, q) \
    r.factor = mg_word(q + 8), r.shift = mg_minus(0, mg_whole(q[9])) & 31, r.least = mg_whole(q[2] + q[5]); \
    r.numbers = q
#include "requant_numbers.h"

/* Apart, as it is rarely needed and long. */
static __attribute__((noinline, unused)) int32_t mg_real_number(const float *q, int32_t sum)
{
    const mg_requant r = mg_requant_load(q);
    return mg_requant_store(r, mg_requant_real(r, sum));
}

/* The high half of a product of 64 bits; by halves where there is no instruction for it (Cortex-M0, M23). */
MG_INLINE int32_t mg_high_product(int32_t a, int32_t b)
{
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1
    const int32_t low_a = a & 0xffff, high_a = a >> 16, low_b = b & 0xffff, high_b = b >> 16;
    const int32_t middle = high_a * low_b + (int32_t)((uint32_t)low_a * (uint32_t)low_b >> 16);
    return high_a * high_b + (middle >> 16) + ((low_a * high_b + (middle & 0xffff)) >> 16);
#else
    return (int32_t)((int64_t)a * b >> 32);
#endif
}

/* A whole sum to units of the result by integers alone, as on NEON, where the numbers have a factor for that. Half a unit is
 * written such that a shift of 0, which only a foreign blob holds, is defined too. */
MG_INLINE int32_t mg_fixed_units(mg_requant r, int32_t sum)
{
    return mg_plus(mg_high_product(sum, r.factor), (int32_t)((1u << r.shift) >> 1)) >> r.shift;
}

/* To a stored number without zero point, within limits that the code knows. */
MG_INLINE int32_t mg_fixed_within(int32_t low, int32_t high, mg_requant r, int32_t sum)
{
    const int32_t units = mg_fixed_units(r, sum);
    return units < low ? low : units > high ? high : units;
}

/* Several sums that way, apart for all kernels. A row of `count` results to every fourth byte, from sums [result][half]; four pixels
 * times two outputs, first the four of output 0. */
MG_INLINE void mg_fixed_halves(int32_t low, int8_t *y, const int32_t *sums, int32_t count, mg_requant r)
{
    const int32_t pairs = count / 2;
    int8_t *behind = y + 4 * (count - pairs);
    for (int8_t *end = y + 4 * pairs; y != end; y += 4, behind += 4, sums += 2) {
        *y = (int8_t)mg_fixed_within(low, 127, r, sums[0]);
        *behind = (int8_t)mg_fixed_within(low, 127, r, sums[1]);
    }
    if (count % 2) *y = (int8_t)mg_fixed_within(low, 127, r, sums[0]);
}
MG_INLINE void mg_fixed_tile(int32_t low, int8_t *y, const int32_t *s, mg_requant r)
{
    for (int p = 0; p < 4; p++, y += 4) {
        y[0] = (int8_t)mg_fixed_within(low, 127, r, s[p]);
        y[1] = (int8_t)mg_fixed_within(low, 127, r, s[4 + p]);
    }
}
#define MG_FIXED_STORES(name, low) \
    static __attribute__((noinline, unused)) void mg_fixed_halves_##name(int8_t *y, const int32_t *sums, int32_t count, const mg_requant *r) \
    { \
        mg_fixed_halves(low, y, sums, count, *r); \
    } \
    static __attribute__((noinline, unused)) void mg_fixed_tile_##name(int8_t *y, const int32_t *sums, const mg_requant *r) \
    { \
        mg_fixed_tile(low, y, sums, *r); \
    }
MG_FIXED_STORES(pos, 0)
MG_FIXED_STORES(signed, -128)

/* To a stored number, where there may be no factor, so that code does not depend on it. A result with sign has no zero
 * point. */
MG_INLINE int32_t mg_fixed_number(int is_unsigned, mg_requant r, int32_t sum)
{
    if (r.shift == 0) return mg_real_number(r.numbers, sum);
    const int32_t units = mg_fixed_units(r, sum);
    const int32_t number = is_unsigned ? mg_plus(units, r.zero) : units, most = is_unsigned ? 255 : 127, least = most - 255;
    const int32_t stored = number < least ? least : number > most ? most : number;
    return stored < r.least ? r.least : stored;
}

#include "requant_steps.h"
#endif
