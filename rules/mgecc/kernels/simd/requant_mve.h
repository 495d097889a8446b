/* From sums of products to stored numbers with Helium. See requant_numbers.h. */
#ifndef MG_REQUANT_H
#define MG_REQUANT_H
#define MG_REQUANT_FIELDS \
    mg_vi least, most; /* as stored numbers */ \
    int32_t factor, shift, zero1;
#define MG_REQUANT_LOAD(r, q) \
    r.zero1 = mg_whole(q[5]), r.least = vdupq_n_s32(mg_whole(q[2] + q[5])), r.most = vdupq_n_s32(mg_whole(q[3] + q[5])); \
    r.factor = mg_word(q + 8), r.shift = mg_whole(q[9]) - 1
#include "requant_numbers.h"

/* Whole sums to stored numbers by integers alone, for scales of which kernels/fixed.py knows that the results are the same:
 * floor(sum * factor / 2^(32 - shift) + 1/2), where the product is doubled, and shifted by one more. */
MG_INLINE mg_vi mg_fixed_units(mg_requant r, mg_vi sum) { return vrshlq_n_s32(vqdmulhq_n_s32(sum, r.factor), r.shift); }

/* Within 0 or -128, which the code knows, and 127: shifts to the left saturate, and need no register for limits. */
MG_INLINE mg_vi mg_fixed_within(int32_t low, int32_t high, mg_requant r, mg_vi sum)
{
    const mg_vi units = mg_fixed_units(r, sum);
    (void)high;
    return low ? vshrq_n_s32(vqshlq_n_s32(units, 24), 24) : vreinterpretq_s32_u32(vshrq_n_u32(vqshluq_n_s32(units, 25), 25));
}

/* kind: 1 for results without sign. A result with sign has no zero point. */
MG_INLINE void mg_fixed_store(int8_t *p, int kind, mg_requant r, mg_vi a)
{
    const mg_vi units = mg_fixed_units(r, a);
    mg_vb_store(p, mg_vi_min(mg_vi_max(kind & 1 ? vaddq_n_s32(units, r.zero1) : units, r.least), r.most));
}

MG_INLINE void mg_fixed_store2(int8_t *p, int kind, mg_requant r, mg_vi a, mg_vi b)
{
    mg_fixed_store(p, kind, r, a), mg_fixed_store(p + 4, kind, r, b);
}

MG_INLINE void mg_fixed_store4(int8_t *p, int kind, mg_requant r, mg_vi a, mg_vi b, mg_vi c, mg_vi d)
{
    mg_fixed_store2(p, kind, r, a, b), mg_fixed_store2(p + 8, kind, r, c, d);
}

#include "requant_steps.h"
#endif
