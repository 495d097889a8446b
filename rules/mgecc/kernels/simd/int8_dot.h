/* Products of 8-bit numbers by dot product instructions: Arm SDOT, x86 VNNI. Vocabulary: int8.h.
 * Order of the weights in memory: [output][input]. VNNI takes one factor without sign: the inputs are raised by 128,
 * and whoever packs weights takes 128 times their sum off the bias. */
#ifndef MG_INT8_DOT_H
#define MG_INT8_DOT_H
#include "int8_lanes.h"

#ifdef __ARM_NEON
typedef int8x16_t mg_vq;
typedef int8x16_t mg_q4;
MG_INLINE mg_vq mg_vq_load(const int8_t *p) { return vld1q_s8(p); }
MG_INLINE mg_q4 mg_q4_load(const int8_t *p, ptrdiff_t step)
{
    if (step == 4) return vld1q_s8(p);
    if (step == 8) return vreinterpretq_s8_s32(vld2q_s32((const void *)p).val[0]);
    int32x4_t x = vld1q_lane_s32((const void *)p, vdupq_n_s32(0), 0);
    x = vld1q_lane_s32((const void *)(p + step), x, 1);
    x = vld1q_lane_s32((const void *)(p + 2 * step), x, 2);
    return vreinterpretq_s8_s32(vld1q_lane_s32((const void *)(p + 3 * step), x, 3));
}

/* Neighbouring vectors in one instruction that moves the pointer on: inputs of 8, 10 or 12 pixels of four channels, two
 * vectors of weights. Clang 21 computes addresses by instructions of their own unless the pointer's value is hidden. */
typedef struct { mg_q4 val[3]; } mg_q12;
typedef struct { mg_vq val[2]; } mg_vq2;
#define mg_move(p, by) (p) += (by); __asm__ volatile("" : "+r"(p))
#ifdef __aarch64__
MG_INLINE mg_vq2 mg_q4_pair(const int8_t *p)
{
    int8x16x2_t x = vld1q_s8_x2(p);
    return (mg_vq2){{x.val[0], x.val[1]}};
}
MG_INLINE mg_q12 mg_q4_three(const int8_t *p)
{
    int8x16x3_t x = vld1q_s8_x3(p);
    return (mg_q12){{x.val[0], x.val[1], x.val[2]}};
}
typedef int8x16x4_t mg_q16;
MG_INLINE mg_q16 mg_q4_four(const int8_t *p) { return vld1q_s8_x4(p); }
#else
typedef struct { mg_q4 val[4]; } mg_q16;
MG_INLINE mg_q16 mg_q4_four(const int8_t *p)
{
    return (mg_q16){{vld1q_s8(p), vld1q_s8(p + 16), vld1q_s8(p + 32), vld1q_s8(p + 48)}};
}
MG_INLINE mg_vq2 mg_q4_pair(const int8_t *p) { return (mg_vq2){{vld1q_s8(p), vld1q_s8(p + 16)}}; }
MG_INLINE mg_q12 mg_q4_three(const int8_t *p) { return (mg_q12){{vld1q_s8(p), vld1q_s8(p + 16), vld1q_s8(p + 32)}}; }
#endif
MG_INLINE mg_q4 mg_q1_load(const int8_t *p) { return vreinterpretq_s8_s32(vld1q_dup_s32((const void *)p)); }
MG_INLINE mg_q4 mg_q2_load(const int8_t *p) { return vcombine_s8(vld1_s8(p), vdup_n_s8(0)); }
/* The inputs of `pixels`, a constant: 1, 4, 6, 8, 10 or 12. */
MG_INLINE mg_q12 mg_q4s_next(int pixels, const int8_t **p, ptrdiff_t by)
{
    mg_q12 r;
    if (pixels == 12) {
        r = mg_q4_three(*p);
    } else if (pixels >= 8) {
        mg_vq2 x = mg_q4_pair(*p);
        r = (mg_q12){{x.val[0], x.val[1], pixels == 10 ? mg_q2_load(*p + 32) : x.val[0]}};
    } else if (pixels == 1) {
        r.val[0] = mg_q1_load(*p);
    } else {
        r.val[0] = vld1q_s8(*p);
        r.val[1] = pixels == 6 ? mg_q2_load(*p + 16) : r.val[0];
    }
    mg_move(*p, by);
    return r;
}

#ifdef __aarch64__
#define mg_vi_dot4(acc, w, x, l) vdotq_laneq_s32(acc, w, x, l)
#else
#define mg_vi_dot4(acc, w, x, l) vdotq_lane_s32(acc, w, (l) < 2 ? vget_low_s8(x) : vget_high_s8(x), (l) & 1)
#endif
#define mg_vi_dot(acc, w, x) vdotq_s32(acc, w, x)

/* Bytes of x by their numbers, those of `outside` for numbers past 15. */
MG_INLINE mg_q4 mg_q4_pick(mg_q4 outside, mg_q4 x, uint8x16_t order)
{
#ifdef __aarch64__
    return vqtbx1q_s8(outside, x, order);
#else
    int8x8x2_t table = {{vget_low_s8(x), vget_high_s8(x)}};
    int8x8_t low = vtbx2_s8(vget_low_s8(outside), table, vreinterpret_s8_u8(vget_low_u8(order)));
    return vcombine_s8(low, vtbx2_s8(vget_high_s8(outside), table, vreinterpret_s8_u8(vget_high_u8(order))));
#endif
}

/* Padded rows of pixels of four channels as windows: four pixels each, channel by channel, from every other pixel on.
 * Those that reach over an end of the row (w >= 4 pixels, `left` ones before it) are found from within it: `from` bytes
 * off, with numbers past 15 for what lies outside. At most 24 of them. */
typedef struct {
    int32_t first, last, count, from[24];
    uint8_t order[24][16];
} mg_frame;
MG_INLINE uint8x16_t mg_window_order(void)
{
    static const uint8_t numbers[16] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
    return vld1q_u8(numbers);
}
MG_INLINE void mg_frame_make(mg_frame *f, int32_t w, int32_t left, int32_t count)
{
    const int32_t inside = (w - 4 + left) / 2 + 1;
    f->first = (left + 1) / 2, f->last = inside < count ? inside : count, f->count = count;
    for (int32_t i = 0, e = 0; i < count && e < 24; i++) {
        const int32_t at = 2 * i - left, near = at < 0 ? 0 : at > w - 4 ? w - 4 : at;
        if (at == near) continue;
        f->from[e] = near * 4;
        vst1q_u8(f->order[e++], vaddq_u8(mg_window_order(), vdupq_n_u8((uint8_t)(4 * (at - near)))));
    }
}
/* A row, or none: all `fill`. */
MG_INLINE void mg_windows(int8_t *to, const int8_t *row, const mg_frame *f, int32_t left, int fill, int flip)
{
    const uint8x16_t order = mg_window_order();
    const mg_q4 outside = vdupq_n_s8((int8_t)fill), turn = vdupq_n_s8((int8_t)flip);
    const int32_t first = f->first, last = f->last, count = f->count;
    int32_t i = 0, e = 0;
    if (!row) {
        for (; i < count; i++, to += 16) vst1q_s8(to, outside);
        return;
    }
    for (; i < count; i++, e++, to += 16) {
        if (i == first) {
            const int8_t *p = row + (2 * i - left) * 4;
            const int32_t fours = last > i ? (last - i) / 4 : 0;
            int8_t *stop = to + 64 * fours;
            i += 4 * fours;
            while (to != stop) {
                const mg_vq2 a = mg_q4_pair(p);
                const mg_q4 b = vld1q_s8(p + 8), c = vld1q_s8(p + 24);
                vst1q_s8(to, mg_q4_pick(outside, veorq_s8(a.val[0], turn), order));
                vst1q_s8(to + 16, mg_q4_pick(outside, veorq_s8(b, turn), order));
                vst1q_s8(to + 32, mg_q4_pick(outside, veorq_s8(a.val[1], turn), order));
                vst1q_s8(to + 48, mg_q4_pick(outside, veorq_s8(c, turn), order));
                mg_move(p, 32);
                mg_move(to, 64);
            }
            for (; i < last; i++, to += 16, p += 8) vst1q_s8(to, mg_q4_pick(outside, veorq_s8(vld1q_s8(p), turn), order));
            if (i == count) return;
        }
        vst1q_s8(to, mg_q4_pick(outside, veorq_s8(vld1q_s8(row + f->from[e]), turn), vld1q_u8(f->order[e])));
    }
}
#else
typedef mg_vi mg_vq;
typedef struct { const int8_t *p; ptrdiff_t step; } mg_q4;
MG_INLINE mg_vq mg_vq_load(const int8_t *p) { return _mm512_loadu_si512((const void *)p); }
MG_INLINE mg_q4 mg_q4_load(const int8_t *p, ptrdiff_t step) { return (mg_q4){p, step}; }
MG_INLINE mg_q4 mg_q1_load(const int8_t *p) { return (mg_q4){p, 0}; }
#define mg_vi_dot4(acc, w, x, l) \
    _mm512_dpbusd_epi32(acc, mg_vi_set1(mg_word((x).p + (l) * (x).step) ^ (int32_t)0x80808080), w)
#endif
#endif
