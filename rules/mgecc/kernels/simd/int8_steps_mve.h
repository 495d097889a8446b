/* Products of bytes in steps of sixteen with Helium, VMLADAV. Vocabulary: int8_steps.h. */
#ifndef MG_INT8_STEPS_H
#define MG_INT8_STEPS_H
#include "int8_lanes.h"

MG_INLINE mg_vi mg_four_sums(int32_t a, int32_t b, int32_t c, int32_t d)
{
    const mg_vi r = {a, b, c, d};
    return r;
}

MG_INLINE mg_vi mg_steps_dot4(const int8_t *x, const int8_t *w, int32_t steps)
{
    int32_t a = 0, b = 0, c = 0, d = 0;
    do {
        const int8x16_t v = vld1q_s8(x);
        a = vmladavaq_s8(a, v, vld1q_s8(w)), b = vmladavaq_s8(b, v, vld1q_s8(w + 16));
        c = vmladavaq_s8(c, v, vld1q_s8(w + 32)), d = vmladavaq_s8(d, v, vld1q_s8(w + 48));
        x += 16, w += 64;
    } while (--steps);
    return mg_four_sums(a, b, c, d);
}

MG_INLINE void mg_steps_words(int8_t *to, const int8_t *from, const int32_t *at, int32_t steps, int flip)
{
    do {
        const uint32x4_t words = vldrwq_gather_offset_u32((const void *)from, vreinterpretq_u32_s32(vld1q_s32(at)));
        const int8x16_t bytes = vreinterpretq_s8_u32(words);
        vst1q_s8(to, flip ? veorq_s8(bytes, vdupq_n_s8((int8_t)flip)) : bytes);
        to += 16, at += 4;
    } while (--steps);
}

MG_INLINE void mg_steps_bytes(int8_t *to, const int8_t *from, const int32_t *at, int32_t steps, int flip)
{
    steps *= 4;
    do {
        const mg_vi bytes = vldrbq_gather_offset_s32(from, vreinterpretq_u32_s32(vld1q_s32(at)));
        vstrbq_s32(to, flip ? veorq_s32(bytes, vdupq_n_s32(flip)) : bytes);
        to += 4, at += 4;
    } while (--steps);
}

MG_INLINE void mg_window_row(int8_t *ring, ptrdiff_t apart, const int8_t *from, int32_t w, int pad, int flip)
{
    const uint8x16_t every = vidupq_n_u8(0, 4);
    for (; w > 0; w -= 16, ring += 64, from = from ? from + 64 : 0) {
        const mve_pred16_t some = vctp8q((uint32_t)w);
        for (int c = 0; c < 4; c++) {
            int8x16_t bytes = vdupq_n_s8((int8_t)pad);
            if (from) {
                bytes = vldrbq_gather_offset_z_s8(from + c, every, some);
                if (flip) bytes = veorq_s8(bytes, vdupq_n_s8((int8_t)flip));
            }
            vstrbq_scatter_offset_p_s8(ring + c * apart, every, bytes, some);
        }
    }
}

typedef struct { int8x16_t at[4]; } mg_window;
MG_INLINE mg_window mg_window_taps(const int8_t *w, int first)
{
    mg_window k;
    for (int c = 0; c < 4; c++) {
        const uint32x4_t v = vreinterpretq_u32_s8(vld1q_s8(w + 16 * c));
        k.at[c] = vreinterpretq_s8_u32(vorrq_u32(vshlq_r_u32(v, 8 * first), vshlq_r_u32(v, 8 * first - 32)));
    }
    return k;
}

MG_INLINE mg_vi mg_window_dot4(const mg_window *k, const int8_t *p, ptrdiff_t apart)
{
    return mg_four_sums(vmladavq_s8(vld1q_s8(p), k->at[0]), vmladavq_s8(vld1q_s8(p + apart), k->at[1]),
                        vmladavq_s8(vld1q_s8(p + 2 * apart), k->at[2]), vmladavq_s8(vld1q_s8(p + 3 * apart), k->at[3]));
}
#endif
