/* From sums of products to stored numbers of 8 bits, one rounding per operation as the meaning of the operators says:
 * real = sum * total [+ (z - z_zero) * z_unit], activation, real * inverse, nearest (halves away from zero), limits, zero. */
#ifndef MG_REQUANT_H
#define MG_REQUANT_H
#include "int8_lanes.h"

/* Numbers in memory, in this order; limits are relative to the zero point. */
typedef struct {
    mg_vf total, inverse, low, high, z_unit;
    mg_vi zero, z_zero;
#ifdef __ARM_NEON
    int16x8_t zero16, shift;
    int32x4_t factor;
    int8x16_t least; /* the lower limit as a stored number */
#elif MG_VF > 1
    mg_vf factor;
    mg_vi zero16, least;
#else
    int32_t factor, shift, least;
    const float *numbers;
#endif
} mg_requant;

MG_INLINE mg_requant mg_requant_load(const float *q)
{
    mg_requant r;
    r.total = mg_vf_set1(q[0]), r.inverse = mg_vf_set1(q[1]), r.z_unit = mg_vf_set1(q[4]);
    r.low = mg_vf_set1(q[2]), r.high = mg_vf_set1(q[3]);
    r.zero = mg_vi_set1(mg_whole(q[5])), r.z_zero = mg_vi_set1(mg_whole(q[6]));
#ifdef __ARM_NEON
    r.zero16 = vdupq_n_s16((int16_t)mg_whole(q[5]));
    r.least = vdupq_n_s8((int8_t)mg_whole(q[2] + q[5]));
    r.factor = vdupq_n_s32(mg_word(q + 8)), r.shift = vdupq_n_s16((int16_t)mg_whole(q[9]));
#elif MG_VF > 1
    r.factor = mg_vf_set1(q[10]);
    r.zero16 = mg_vi_set1((int32_t)((uint32_t)mg_whole(q[5]) * 0x10001u));
    r.least = mg_vi_set1((int32_t)((uint32_t)(uint8_t)mg_whole(q[2] + q[5]) * 0x01010101u));
#else
    r.factor = mg_word(q + 8), r.shift = mg_minus(0, mg_whole(q[9])) & 31, r.least = mg_whole(q[2] + q[5]);
    r.numbers = q;
#endif
    return r;
}

MG_INLINE mg_vf mg_requant_real(mg_requant r, mg_vi sum) { return mg_vf_mul(mg_vf_from_vi(sum), r.total); }

MG_INLINE mg_vf mg_requant_add(mg_requant r, mg_vf real, mg_vi z)
{
    return mg_vf_add(real, mg_vf_mul(mg_vf_from_vi(mg_vi_sub(z, r.z_zero)), r.z_unit));
}

MG_INLINE mg_vi mg_requant_store(mg_requant r, mg_vf real)
{
    mg_vf units = mg_vf_min(mg_vf_max(mg_vf_mul(real, r.inverse), r.low), r.high);
    return mg_vi_add(mg_vi_round(units), r.zero);
}

/* Four vectors to memory, `step` bytes from one to the next. On NEON the upper limit, and without an activation the lower
 * one, is that of the type, to which narrowing saturates. */
MG_INLINE void mg_requant_store4(int8_t *p, ptrdiff_t step, int is_unsigned, mg_requant r, mg_vf a, mg_vf b, mg_vf c, mg_vf d)
{
#ifdef __ARM_NEON
    if (step == 4) {
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
        return;
    }
#endif
    (void)is_unsigned;
    mg_vb_store(p, mg_requant_store(r, a));
    mg_vb_store(p + step, mg_requant_store(r, b));
    mg_vb_store(p + 2 * step, mg_requant_store(r, c));
    mg_vb_store(p + 3 * step, mg_requant_store(r, d));
}

#ifdef __ARM_NEON
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

#elif MG_VF > 1
/* Whole sums to stored numbers by nearest integers, where kernels/fixed.py knows that the results are the same. kind: 1 for
 * results without sign, + 2 for two factors instead of one. A result with sign has no zero point. Halves of registers are packed beside each other: mg_fixed_order undoes it. */
#if MG_VF == 16
#define MG_W(op) _mm512_##op
MG_INLINE mg_vi mg_fixed_order(mg_vi a)
{
    return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), a);
}
#elif MG_VF == 8
#define MG_W(op) _mm256_##op
MG_INLINE mg_vi mg_fixed_order(mg_vi a) { return _mm256_permutevar8x32_epi32(a, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)); }
#else
#define MG_W(op) _mm_##op
MG_INLINE mg_vi mg_fixed_order(mg_vi a) { return a; }
#endif

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
#else
/* Apart, as it is rarely needed and long. */
static __attribute__((noinline, unused)) int32_t mg_real_number(const float *q, int32_t sum)
{
    const mg_requant r = mg_requant_load(q);
    return mg_requant_store(r, mg_requant_real(r, sum));
}

/* A whole sum to a stored number: by integers alone, as on NEON, where the numbers have a factor for that, so that code does
 * not depend on them. A result with sign has no zero point. */
MG_INLINE int32_t mg_fixed_number(int is_unsigned, mg_requant r, int32_t sum)
{
    if (r.shift == 0) return mg_real_number(r.numbers, sum);
    const int32_t units = mg_plus((int32_t)((int64_t)sum * r.factor >> 32), 1 << (r.shift - 1)) >> r.shift;
    const int32_t number = is_unsigned ? mg_plus(units, r.zero) : units, most = is_unsigned ? 255 : 127, least = most - 255;
    const int32_t stored = number < least ? least : number > most ? most : number;
    return stored < r.least ? r.least : stored;
}
#endif

/* min(max(a + 3, 0), 6), what both hard activations start with. */
MG_INLINE mg_vf mg_hard6(mg_vf a)
{
    return mg_vf_min(mg_vf_max(mg_vf_add(a, mg_vf_set1(3.0f)), mg_vf_zero()), mg_vf_set1(6.0f));
}

/* One number at a time, up to 32 bits wide. */
MG_INLINE int32_t mg_requant_one(const float *q, float real)
{
    const float units = real * q[1];
    const int32_t zero = mg_whole(q[5]);
    if (units <= q[2]) return mg_plus(mg_whole(q[2]), zero);
    if (units >= q[3]) return q[3] >= 2147483648.0f ? INT32_MAX : mg_plus(mg_whole(q[3]), zero);
    return mg_plus(mg_whole(units + __builtin_copysignf(0.49999997f, units)), zero);
}

MG_INLINE float mg_hard6_one(float a) { return a < -3.0f ? 0.0f : a + 3.0f > 6.0f ? 6.0f : a + 3.0f; }
MG_INLINE float mg_exact_hsigmoid_one(float a) { return mg_hard6_one(a) / 6.0f; }
MG_INLINE float mg_exact_h_swish_one(float a) { return a * mg_hard6_one(a) / 6.0f; }

MG_INLINE mg_vf mg_exact_hsigmoid(mg_vf a) { return mg_vf_div(mg_hard6(a), mg_vf_set1(6.0f)); }
MG_INLINE mg_vf mg_exact_h_swish(mg_vf a) { return mg_vf_div(mg_vf_mul(a, mg_hard6(a)), mg_vf_set1(6.0f)); }
#endif
