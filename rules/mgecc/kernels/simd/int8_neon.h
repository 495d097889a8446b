/* What the int8.h of both Arms share. Weights: [input][output]. mg_lane, mg_lane_high: acc + the lower, the upper half of w
 * times lane l of x. */
#ifndef MG_INT8_NEON_H
#define MG_INT8_NEON_H
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

#define mg_lanes2(acc, w, x, l) mg_lane_high(mg_lane(acc, w, x, l), w, x, (l) + 1)
#define mg_vi_dot4(acc, w, x, l)                                                 \
    mg_lanes2(mg_lanes2(acc, (w).at[0], (x).at[(l) / 2], ((l) & 1) * 4), (w).at[1], (x).at[(l) / 2], ((l) & 1) * 4 + 2)
#endif
