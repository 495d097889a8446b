/* What the int8_dot.h of both Arms share (SDOT). Weights: [output][input]. Vocabulary: int8.h. */
#ifndef MG_INT8_DOT_NEON_H
#define MG_INT8_DOT_NEON_H
typedef int8x16_t mg_vq;
typedef int8x16_t mg_q4;
MG_INLINE mg_vq mg_vq_load(const int8_t *p) { return vld1q_s8(p); }
MG_INLINE mg_q4 mg_q1_load(const int8_t *p) { return mg_b_word(p); }
MG_INLINE mg_q4 mg_q4_load(const int8_t *p, ptrdiff_t step)
{
    if (step == 4) return vld1q_s8(p);
    if (step == 8) return vreinterpretq_s8_s32(vld2q_s32((const void *)p).val[0]);
    int32x4_t x = vld1q_lane_s32((const void *)p, vdupq_n_s32(0), 0);
    x = vld1q_lane_s32((const void *)(p + step), x, 1);
    x = vld1q_lane_s32((const void *)(p + 2 * step), x, 2);
    return vreinterpretq_s8_s32(vld1q_lane_s32((const void *)(p + 3 * step), x, 3));
}

#define mg_vi_dot(acc, w, x) vdotq_s32(acc, w, x)
#endif
