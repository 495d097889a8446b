/* From sums of products to stored numbers on the three x86 vector widths. See requant_numbers.h. */
#ifndef MG_REQUANT_X86_H
#define MG_REQUANT_X86_H
#define MG_REQUANT_FIELDS \
    mg_vf factor; \
    mg_vi zero16, least;
#define MG_REQUANT_LOAD(r, q) \
    r.factor = mg_vf_set1(q[10]); \
    r.zero16 = mg_vi_set1((int32_t)((uint32_t)mg_whole(q[5]) * 0x10001u)); \
    r.least = mg_vi_set1((int32_t)((uint32_t)(uint8_t)mg_whole(q[2] + q[5]) * 0x01010101u))
#include "requant_numbers.h"

/* Whole sums to stored numbers by nearest integers, where kernels/fixed.py knows that the results are the same. kind: 1 for
 * results without sign, + 2 for two factors instead of one. A result with sign has no zero point.
 * Halves of registers are packed beside each other: mg_fixed_order undoes it. */


MG_INLINE mg_vi mg_fixed_units(int kind, mg_requant r, mg_vi a)
{
    const mg_vf real = mg_vf_from_vi(a);
    return MG_W(cvtps_epi32)(kind & 2 ? mg_vf_mul(mg_vf_mul(real, r.total), r.inverse) : mg_vf_mul(real, r.factor));
}

MG_INLINE mg_vi mg_fixed_bytes4(int kind, mg_requant r, mg_vi a, mg_vi b, mg_vi c, mg_vi d)
{
    mg_vi low = MG_W(packs_epi32)(mg_fixed_units(kind, r, a), mg_fixed_units(kind, r, b));
    mg_vi high = MG_W(packs_epi32)(mg_fixed_units(kind, r, c), mg_fixed_units(kind, r, d));
    if (kind & 1) {
        low = MG_W(adds_epi16)(low, r.zero16), high = MG_W(adds_epi16)(high, r.zero16);
        return mg_fixed_order(MG_W(max_epu8)(MG_W(packus_epi16)(low, high), r.least));
    }
    return mg_fixed_order(MG_W(max_epi8)(MG_W(packs_epi16)(low, high), r.least));
}

MG_INLINE void mg_fixed_store4(int8_t *p, int kind, mg_requant r, mg_vi a, mg_vi b, mg_vi c, mg_vi d)
{
    mg_vi_store((int32_t *)(void *)p, mg_fixed_bytes4(kind, r, a, b, c, d));
}

MG_INLINE void mg_fixed_store2(int8_t *p, int kind, mg_requant r, mg_vi a, mg_vi b)
{
    const mg_vi bytes = mg_fixed_bytes4(kind, r, a, b, a, b);
    memcpy(p, &bytes, 2 * MG_VF);
}

MG_INLINE void mg_fixed_store(int8_t *p, int kind, mg_requant r, mg_vi a)
{
    const mg_vi bytes = mg_fixed_bytes4(kind, r, a, a, a, a);
    memcpy(p, &bytes, MG_VF);
}

#include "requant_steps.h"
#endif
