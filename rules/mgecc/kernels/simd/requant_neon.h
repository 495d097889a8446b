/* From sums of products to stored numbers on both Arms. See requant_numbers.h. */
#ifndef MG_REQUANT_NEON_H
#define MG_REQUANT_NEON_H
#define MG_REQUANT_FIELDS \
    int16x8_t zero16, shift; \
    int32x4_t factor; \
    int8x16_t least; /* the lower limit as a stored number */
#define MG_REQUANT_LOAD(r, q) \
    r.zero16 = vdupq_n_s16((int16_t)mg_whole(q[5])); \
    r.least = vdupq_n_s8((int8_t)mg_whole(q[2] + q[5])); \
    r.factor = vdupq_n_s32(mg_word(q + 8)), r.shift = vdupq_n_s16((int16_t)mg_whole(q[9]))
#include "requant_numbers.h"

/* The upper limit, and without an activation the lower one, is that of the type, to which narrowing saturates. */
#define MG_REQUANT_NARROW
MG_INLINE void mg_requant_narrow(int8_t *p, int is_unsigned, mg_requant r, mg_vf a, mg_vf b, mg_vf c, mg_vf d)
{
    mg_vi w = mg_vi_round(mg_vf_mul(a, r.inverse)), x = mg_vi_round(mg_vf_mul(b, r.inverse));
    mg_vi y = mg_vi_round(mg_vf_mul(c, r.inverse)), z = mg_vi_round(mg_vf_mul(d, r.inverse));
    int16x8_t low = vqaddq_s16(vcombine_s16(vqmovn_s32(w), vqmovn_s32(x)), r.zero16);
    int16x8_t high = vqaddq_s16(vcombine_s16(vqmovn_s32(y), vqmovn_s32(z)), r.zero16);
    if (is_unsigned) {
        uint8x16_t bytes = vcombine_u8(vqmovun_s16(low), vqmovun_s16(high));
        vst1q_u8((uint8_t *)p, vmaxq_u8(bytes, vreinterpretq_u8_s8(r.least)));
    } else {
        vst1q_s8(p, vmaxq_s8(vcombine_s8(vqmovn_s16(low), vqmovn_s16(high)), r.least));
    }
}

/* Whole sums to stored numbers by integers alone, for scales of which kernels/fixed.py knows that the results are the same:
 * floor(sum * factor / 2^(32 - shift) + 1/2), each step rounding down but the last. */
MG_INLINE int16x8_t mg_fixed_units(mg_requant r, mg_vi a, mg_vi b)
{
    return vcombine_s16(vqshrn_n_s32(vqdmulhq_s32(a, r.factor), 1), vqshrn_n_s32(vqdmulhq_s32(b, r.factor), 1));
}

/* Their units to eight bytes. kind: 1 for results without sign, + 2 where the shift is the usual one, by 3. A result with sign
 * has no zero point. */
MG_INLINE int8x8_t mg_fixed_bytes(int kind, mg_requant r, int16x8_t units)
{
    const int16x8_t whole = vrshlq_s16(units, r.shift);
    if (kind == 3) return vreinterpret_s8_u8(vqrshrun_n_s16(vqaddq_s16(units, vshlq_n_s16(r.zero16, 3)), 3));
    if (kind == 2) return vqrshrn_n_s16(units, 3);
    return kind ? vreinterpret_s8_u8(vqmovun_s16(vqaddq_s16(whole, r.zero16))) : vqmovn_s16(whole);
}

MG_INLINE int8x16_t mg_fixed_bytes2(int kind, mg_requant r, int16x8_t low, int16x8_t high)
{
    int8x16_t bytes = vcombine_s8(mg_fixed_bytes(kind, r, low), mg_fixed_bytes(kind, r, high));
    if (kind & 1) return vreinterpretq_s8_u8(vmaxq_u8(vreinterpretq_u8_s8(bytes), vreinterpretq_u8_s8(r.least)));
    return vmaxq_s8(bytes, r.least);
}

MG_INLINE int8x16_t mg_fixed_bytes4(int kind, mg_requant r, mg_vi a, mg_vi b, mg_vi c, mg_vi d)
{
    return mg_fixed_bytes2(kind, r, mg_fixed_units(r, a, b), mg_fixed_units(r, c, d));
}

MG_INLINE void mg_fixed_store4(int8_t *p, int kind, mg_requant r, mg_vi a, mg_vi b, mg_vi c, mg_vi d)
{
    vst1q_s8(p, mg_fixed_bytes4(kind, r, a, b, c, d));
}

MG_INLINE void mg_fixed_store2(int8_t *p, int kind, mg_requant r, mg_vi a, mg_vi b)
{
    vst1_s8(p, vget_low_s8(mg_fixed_bytes4(kind, r, a, b, a, b)));
}

MG_INLINE void mg_fixed_store(int8_t *p, int kind, mg_requant r, mg_vi a)
{
    mg_put_word(p, vgetq_lane_s32(vreinterpretq_s32_s8(mg_fixed_bytes4(kind, r, a, a, a, a)), 0));
}

#include "requant_steps.h"
#endif
