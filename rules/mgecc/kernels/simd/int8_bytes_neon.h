/* What the int8_bytes.h of both Arms share. */
#ifndef MG_INT8_BYTES_NEON_H
#define MG_INT8_BYTES_NEON_H
MG_INLINE mg_b mg_b_word(const int8_t *p) { return vreinterpretq_s8_s32(vld1q_dup_s32((const void *)p)); }
MG_INLINE mg_b mg_b_half(const int8_t *p) { return vcombine_s8(vld1_s8(p), vdup_n_s8(0)); }
/* The inputs of `pixels`, a constant: 1, 4, 6, 8, 10 or 12. */
MG_INLINE mg_b3 mg_b_next(int pixels, const int8_t **p, ptrdiff_t by)
{
    mg_b3 r;
    if (pixels == 12) {
        r = mg_b_three(*p);
    } else if (pixels >= 8) {
        mg_b2 x = mg_b_pair(*p);
        r = (mg_b3){{x.val[0], x.val[1], pixels == 10 ? mg_b_half(*p + 32) : x.val[0]}};
    } else if (pixels == 1) {
        r.val[0] = mg_b_word(*p);
    } else {
        r.val[0] = vld1q_s8(*p);
        r.val[1] = pixels == 6 ? mg_b_half(*p + 16) : r.val[0];
    }
    mg_move(*p, by);
    return r;
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
    const mg_b outside = vdupq_n_s8((int8_t)fill), turn = vdupq_n_s8((int8_t)flip);
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
                const mg_b2 a = mg_b_pair(p);
                const mg_b b = vld1q_s8(p + 8), c = vld1q_s8(p + 24);
                vst1q_s8(to, mg_b_pick(outside, veorq_s8(a.val[0], turn), order));
                vst1q_s8(to + 16, mg_b_pick(outside, veorq_s8(b, turn), order));
                vst1q_s8(to + 32, mg_b_pick(outside, veorq_s8(a.val[1], turn), order));
                vst1q_s8(to + 48, mg_b_pick(outside, veorq_s8(c, turn), order));
                mg_move(p, 32);
                mg_move(to, 64);
            }
            for (; i < last; i++, to += 16, p += 8) vst1q_s8(to, mg_b_pick(outside, veorq_s8(vld1q_s8(p), turn), order));
            if (i == count) return;
        }
        vst1q_s8(to, mg_b_pick(outside, veorq_s8(vld1q_s8(row + f->from[e]), turn), vld1q_u8(f->order[e])));
    }
}
#endif
