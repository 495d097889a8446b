/* Products of 8-bit numbers by widening, for processors without a dot product.
 *
 * mg_vq: weights of MG_VF outputs times four inputs.  mg_q4: four inputs each of four pixels, `step` bytes apart;
 * mg_q1: of one pixel, lane 0 of it.  mg_vi_dot4(acc, w, x, l): acc + for every output the sum of pixel l's four products.
 * Order of the weights in memory: NEON [input][output], x86 [pair of inputs][output][input], plain C [input]. */
#ifndef MG_INT8_H
#define MG_INT8_H
#include "int8_lanes.h"

#if defined(MG_SCALAR_H)
#if defined(__ARM_FEATURE_SIMD32)
#include <arm_acle.h>
/* Numbers 0 and 2, numbers 1 and 3 of four bytes, as two halves of a word each. */
typedef struct { int32_t even, odd; } mg_vq;
MG_INLINE mg_vq mg_vq_load(const int8_t *p)
{
    uint32_t w = (uint32_t)mg_word(p);
    mg_vq r = {__sxtb16((int32_t)w), __sxtb16((int32_t)(w >> 8 | w << 24))};
    return r;
}
MG_INLINE int32_t mg_vq_dot(int32_t acc, mg_vq w, const int8_t *x)
{
    mg_vq v = mg_vq_load(x);
    return __smlad(v.odd, w.odd, __smlad(v.even, w.even, acc));
}
#else
typedef struct { int32_t at[4]; } mg_vq;
MG_INLINE mg_vq mg_vq_load(const int8_t *p) { return (mg_vq){{p[0], p[1], p[2], p[3]}}; }
MG_INLINE int32_t mg_vq_dot(int32_t acc, mg_vq w, const int8_t *x)
{
    return mg_plus(mg_plus(mg_plus(mg_plus(acc, w.at[0] * x[0]), w.at[1] * x[1]), w.at[2] * x[2]), w.at[3] * x[3]);
}
#endif
typedef struct { const int8_t *p; ptrdiff_t step; } mg_q4;
MG_INLINE mg_q4 mg_q4_load(const int8_t *p, ptrdiff_t step) { return (mg_q4){p, step}; }
MG_INLINE mg_q4 mg_q1_load(const int8_t *p) { return (mg_q4){p, 0}; }
#define mg_vi_dot4(acc, w, x, l) mg_vq_dot(acc, w, (x).p + (l) * (x).step)

#elif defined(__ARM_NEON)
typedef mg_vd4 mg_vq;
typedef mg_vd4 mg_q4;
MG_INLINE mg_vq mg_vq_load(const int8_t *p) { return mg_vd4_load(p); }
MG_INLINE mg_q4 mg_q4_load(const int8_t *p, ptrdiff_t step)
{
    if (step == 4) return mg_vd4_load(p);
    int32x4_t x = vdupq_n_s32(0);
    if (step == 8) {
        x = vld2q_s32((const void *)p).val[0];
    } else {
        x = vld1q_lane_s32((const void *)p, x, 0);
        x = vld1q_lane_s32((const void *)(p + step), x, 1);
        x = vld1q_lane_s32((const void *)(p + 2 * step), x, 2);
        x = vld1q_lane_s32((const void *)(p + 3 * step), x, 3);
    }
    int8x16_t b = vreinterpretq_s8_s32(x);
    return (mg_q4){{vmovl_s8(vget_low_s8(b)), vmovl_s8(vget_high_s8(b))}};
}
MG_INLINE mg_q4 mg_q1_load(const int8_t *p)
{
    int16x8_t x = vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(mg_word(p))));
    return (mg_q4){{x, x}};
}
#ifdef __aarch64__
#define mg_lane(acc, w, x, l) vmlal_laneq_s16(acc, vget_low_s16(w), x, l)
#define mg_lane_high(acc, w, x, l) vmlal_high_laneq_s16(acc, w, x, l)
#else
#define mg_half(x, l) ((l) < 4 ? vget_low_s16(x) : vget_high_s16(x))
#define mg_lane(acc, w, x, l) vmlal_lane_s16(acc, vget_low_s16(w), mg_half(x, l), (l) & 3)
#define mg_lane_high(acc, w, x, l) vmlal_lane_s16(acc, vget_high_s16(w), mg_half(x, l), (l) & 3)
#endif
#define mg_lanes2(acc, w, x, l) mg_lane_high(mg_lane(acc, w, x, l), w, x, (l) + 1)
#define mg_vi_dot4(acc, w, x, l)                                                 \
    mg_lanes2(mg_lanes2(acc, (w).at[0], (x).at[(l) / 2], ((l) & 1) * 4), (w).at[1], (x).at[(l) / 2], ((l) & 1) * 4 + 2)

#else
typedef struct { mg_vi at[2]; } mg_vq;
typedef struct { const int8_t *p; ptrdiff_t step; } mg_q4;
MG_INLINE mg_q4 mg_q4_load(const int8_t *p, ptrdiff_t step) { return (mg_q4){p, step}; }
MG_INLINE mg_q4 mg_q1_load(const int8_t *p) { return (mg_q4){p, 0}; }
#if defined(MG_SSE2_H)
#define mg_widen(p) _mm_cvtepi8_epi16(_mm_loadl_epi64(p))
#define mg_inputs(p) _mm_cvtepi8_epi16(_mm_set1_epi32(mg_word(p)))
#define mg_pairs(x, order) _mm_shuffle_epi32(x, order)
#elif defined(MG_AVX2_H)
#define mg_widen(p) _mm256_cvtepi8_epi16(_mm_loadu_si128(p))
#define mg_inputs(p) _mm256_cvtepi8_epi16(_mm_set1_epi32(mg_word(p)))
#define mg_pairs(x, order) _mm256_shuffle_epi32(x, order)
#else
#define mg_widen(p) _mm512_cvtepi8_epi16(_mm256_loadu_si256(p))
#define mg_inputs(p) _mm512_cvtepi8_epi16(_mm256_set1_epi32(mg_word(p)))
#define mg_pairs(x, order) _mm512_shuffle_epi32(x, order)
#endif
MG_INLINE mg_vq mg_vq_load(const int8_t *p)
{
    return (mg_vq){{mg_widen((const void *)p), mg_widen((const void *)(p + 2 * MG_VF))}};
}
MG_INLINE mg_vi mg_vq_dot(mg_vi acc, mg_vq w, const int8_t *p)
{
    mg_vi x = mg_inputs(p);
    acc = mg_vi_add(acc, mg_madd_epi16(w.at[0], mg_pairs(x, 0xa0)));
    return mg_vi_add(acc, mg_madd_epi16(w.at[1], mg_pairs(x, 0xf5)));
}
#define mg_vi_dot4(acc, w, x, l) mg_vq_dot(acc, w, (x).p + (l) * (x).step)
#endif
#endif
