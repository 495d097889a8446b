/* Whole sums to bytes by fixed-point factors on the two x86 widths that shift lanes by different counts. Vocabulary: rescale.h.
 * Products of even and of odd lanes have 64 bits each. */
#ifndef MG_RESCALE_X86_H
#define MG_RESCALE_X86_H
#include "rescale_one.h"

/* mask: the bits that a shift to the right drops. */
typedef struct { mg_vi factor, left, right, mask; } mg_rescale;

MG_INLINE mg_rescale mg_rescale_load(const int32_t *p)
{
    const mg_vi shift = mg_vi_load(p + MG_VF), zero = mg_vi_zero(), one = mg_vi_set1(1), right = mg_vi_sub(zero, mg_vi_min(shift, zero));
    return (mg_rescale){mg_vi_load(p), mg_vi_max(shift, zero), right, mg_vi_sub(MG_R(sllv_epi32)(one, right), one)};
}

MG_INLINE mg_vi mg_rescale_left(mg_vi sums, mg_vi left)
{
    const mg_vi most = MG_R(srlv_epi32)(mg_vi_set1(INT32_MAX), left), least = mg_vi_sub(mg_vi_set1(-1), most);
    return MG_R(sllv_epi32)(mg_vi_min(mg_vi_max(sums, least), most), left);
}

#define mg_odd_lanes(a) MG_R(srli_epi64)(a, 32)

MG_INLINE mg_vi mg_rescale_twice(mg_rescale f, mg_vi sums)
{
    const mg_vi nudge = mg_wide(1 << 30);
    const mg_vi even = MG_R(add_epi64)(MG_R(mul_epi32)(sums, f.factor), nudge);
    const mg_vi odd = MG_R(add_epi64)(MG_R(mul_epi32)(mg_odd_lanes(sums), mg_odd_lanes(f.factor)), nudge);
    const mg_vi high = mg_rescale_join(MG_R(srli_epi64)(even, 31), MG_R(slli_epi64)(odd, 1));
    const mg_vi half = mg_vi_sub(mg_vi_shr(f.mask, 1), mg_vi_shr(high, 31));
    return mg_rescale_count(MG_R(srav_epi32)(high, f.right), mg_vi_and(high, f.mask), half);
}

/* Half of the lanes, of sizes without sign: nearest after one product, and halves up where `up` is 1. */
MG_INLINE mg_vi mg_rescale_once(int kind, mg_vi sizes, mg_vi factor, mg_vi right, mg_vi up)
{
    const mg_vi product = MG_R(mul_epu32)(sizes, factor), one = mg_wide(1), below = MG_R(sllv_epi64)(mg_wide(1 << 30), right);
    const mg_vi count = MG_R(add_epi64)(right, mg_wide(31));
    const mg_vi odd = mg_vi_and(kind == 3 ? MG_R(srlv_epi64)(product, count) : up, one);
    return MG_R(srlv_epi64)(MG_R(add_epi64)(MG_R(add_epi64)(product, MG_R(sub_epi64)(below, one)), odd), count);
}

MG_INLINE mg_vi mg_rescale_lanes(int kind, mg_rescale f, mg_vi sums)
{
    if (kind & 4) sums = mg_rescale_left(sums, f.left);
    if ((kind & 3) == 1) return mg_rescale_twice(f, sums);
    const mg_vi sign = mg_vi_shr(sums, 31), sizes = mg_vi_sub(mg_vi_xor(sums, sign), sign), up = mg_vi_add(sign, mg_vi_set1(1));
    const mg_vi low = mg_wide(0xffffffff);
    const mg_vi even = mg_rescale_once(kind & 3, sizes, f.factor, mg_vi_and(f.right, low), up);
    const mg_vi odd = mg_rescale_once(kind & 3, mg_odd_lanes(sizes), mg_odd_lanes(f.factor), mg_odd_lanes(f.right), mg_odd_lanes(up));
    const mg_vi near = mg_rescale_join(even, MG_R(slli_epi64)(odd, 32));
    return mg_vi_sub(mg_vi_xor(near, sign), sign);
}

#include "rescale_stores.h"
#endif
