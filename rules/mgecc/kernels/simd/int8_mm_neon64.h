/* Products of 8-bit numbers by matrices of 2 x 8 times 8 x 2 (Arm SMMLA), beside those of int8_dot.h. */
#ifndef MG_INT8_MM_H
#define MG_INT8_MM_H
#include "int8_dot.h"

/* acc, two pixels times two outputs, + two pixels of eight inputs times two outputs of eight weights. */
#define mg_vi_mm(acc, x, w) vmmlaq_s32(acc, x, w)

/* Pixels of four inputs each, and of the next four inputs, as pairs of pixels of eight: of `pixels`, a constant: 4, 2 or 1. */
MG_INLINE void mg_pairs_put(int pixels, int8_t *to, const int8_t *low, const int8_t *high, int flip)
{
    const mg_b turn = vdupq_n_s8((int8_t)flip);
    mg_b a, b;
    if (pixels == 4) {
        a = vld1q_s8(low), b = vld1q_s8(high);
    } else if (pixels == 2) {
        a = mg_b_half(low), b = mg_b_half(high);
    } else {
        a = mg_b_word(low), b = mg_b_word(high);
    }
    const int32x4_t x = vreinterpretq_s32_s8(veorq_s8(a, turn)), y = vreinterpretq_s32_s8(veorq_s8(b, turn));
    vst1q_s8(to, vreinterpretq_s8_s32(vzip1q_s32(x, y)));
    if (pixels == 4) vst1q_s8(to + 16, vreinterpretq_s8_s32(vzip2q_s32(x, y)));
}

/* The sums of a pair of pixels with four outputs, found as two and two, pixel by pixel. */
MG_INLINE mg_vi mg_vi_first(mg_vi a, mg_vi b) { return vreinterpretq_s32_s64(vzip1q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b))); }
MG_INLINE mg_vi mg_vi_second(mg_vi a, mg_vi b) { return vreinterpretq_s32_s64(vzip2q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b))); }

/* Bytes of mg_fixed_bytes4 of such sums a, b of one pair and c, d of the next, pixel by pixel. */
MG_INLINE mg_b mg_pairs_order(mg_b bytes)
{
    static const uint8_t numbers[16] = {0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15};
    return vqtbl1q_s8(bytes, vld1q_u8(numbers));
}
#endif
