/* What the int8_acc16.h of both Arms share. Lanes: two pixels of four inputs each, times the four weights of one output, four
 * times in a register. Whoever packs weights sees to it that no accumulator overflows. */
#ifndef MG_INT8_CHAINS_NEON_H
#define MG_INT8_CHAINS_NEON_H
/* One to four words of weights, each in all lanes of its register. */
typedef mg_words(4) mg_w4;
MG_INLINE mg_w4 mg_w4_load(const int8_t *p) { return mg_words_load(4, p); }
MG_INLINE mg_w4 mg_w3_load(const int8_t *p)
{
    const mg_words(3) w = mg_words_load(3, p);
    return (mg_w4){{w.val[0], w.val[1], w.val[2]}};
}
MG_INLINE mg_w4 mg_w2_load(const int8_t *p)
{
    const mg_words(2) w = mg_words_load(2, p);
    return (mg_w4){{w.val[0], w.val[1]}};
}
MG_INLINE mg_w4 mg_w1_load(const int8_t *p) { return (mg_w4){{mg_words_load(1, p)}}; }

/* One to four neighbouring vectors. */
MG_INLINE mg_b4 mg_b_some(int count, const int8_t *p)
{
    if (count == 4) return mg_b_four(p);
    if (count == 1) return (mg_b4){{vld1q_s8(p)}};
    if (count == 3) {
        const mg_b3 y = mg_b_three(p);
        return (mg_b4){{y.val[0], y.val[1], y.val[2]}};
    }
#ifdef __clang__
    const int8x16x2_t x = vld1q_s8_x2(p); /* one instruction on 32-bit Arm too, for which GCC has no such function */
#else
    const mg_b2 x = mg_b_pair(p);
#endif
    return (mg_b4){{x.val[0], x.val[1]}};
}

/* Words `step` bytes apart, of 12, 8, 4 or 1 pixels, a constant. */
MG_INLINE mg_b3 mg_b_spread(int pixels, const int8_t *p, ptrdiff_t step)
{
    mg_b3 r;
    if (step == 4 || pixels == 1) return mg_b_next(pixels, &p, 0);
    for (int v = 0; 4 * v < pixels; v++, p += 4 * step) {
        int32x4_t x = vld1q_dup_s32((const void *)p);
        if (step == 8) {
            x = vld2q_s32((const void *)p).val[0];
        } else {
            x = vld1q_lane_s32((const void *)(p + step), x, 1);
            x = vld1q_lane_s32((const void *)(p + 2 * step), x, 2);
            x = vld1q_lane_s32((const void *)(p + 3 * step), x, 3);
        }
        r.val[v] = vreinterpretq_s8_s32(x);
    }
    return r;
}
/* Byte `at` of each window of a row: `step`, 1 or 2, from one window to the next. */
MG_INLINE mg_b mg_b_nth(int step, const int8_t *p, int at)
{
    if (step == 1) return vld1q_s8(p + at);
    const int8x16x2_t x = vld2q_s8(p + at / 2 * 2);
    return at % 2 ? x.val[1] : x.val[0];
}
/* To memory, one pixel twice. */
MG_INLINE void mg_b_put(int pixels, int8_t *p, mg_b3 x)
{
    if (pixels == 12) {
        mg_b_put3(p, x);
        return;
    }
    for (int v = 0; 4 * v < pixels && pixels > 1; v++) vst1q_s8(p + 16 * v, x.val[v]);
    if (pixels == 1) vst1_s8(p, vget_low_s8(x.val[0]));
}

/* acc + neighbouring int16 accumulators. */
MG_INLINE mg_vi mg_acc16_end(mg_vi acc, mg_acc16 t) { return vpadalq_s16(acc, t); }

/* Lane `i`, a constant, of four vectors. */
#define mg_vi_column(a, b, c, d, i)                                                                                \
    ((mg_vi){vgetq_lane_s32(a, i), vgetq_lane_s32(b, i), vgetq_lane_s32(c, i), vgetq_lane_s32(d, i)})

/* Sums of 16 bits, of two pixels of four channels, added to those of 32. */
MG_INLINE mg_vi mg_add_low(mg_vi acc, mg_acc16 t) { return vaddw_s16(acc, vget_low_s16(t)); }

/* `count` bytes, a multiple of four, the bits of `flip` turned. */
#define mg_copy_transposed(to, from, vectors)                                                                          \
    for (int v = 0; v < (vectors); v++) vst1q_s8((to) + 16 * v, veorq_s8(vld1q_s8((from) + 16 * v), turn))
MG_INLINE void mg_copy_four(int8_t *to, const int8_t *from, int flip)
{
    mg_b4 x = mg_b_four(from);
    if (flip)
        for (int v = 0; v < 4; v++) x.val[v] = veorq_s8(x.val[v], vdupq_n_s8((int8_t)flip));
    mg_b_put4(to, x);
}
MG_INLINE void mg_row_copy(int8_t *to, const int8_t *from, int32_t count, int flip)
{
    const mg_b turn = vdupq_n_s8((int8_t)flip);
    const ptrdiff_t end = count;
    if (count >= 64) {
        int8_t *const last = to + end - 64;
        const int8_t *const last_from = from + end - 64;
        while (to < last) {
            mg_copy_four(to, from, flip);
            mg_move(to, 64);
            mg_move(from, 64);
        }
        mg_copy_four(last, last_from, flip);
    } else if (count >= 32) {
        mg_copy_transposed(to, from, 2);
        mg_copy_transposed(to + end - 32, from + end - 32, 2);
    } else if (count >= 16) {
        mg_copy_transposed(to, from, 1);
        mg_copy_transposed(to + end - 16, from + end - 16, 1);
    } else {
        for (int32_t i = 0; i < count; i += 4) mg_put_word(to + i, mg_word(from + i) ^ (int32_t)((uint32_t)flip * 0x01010101u));
    }
}
#endif
