/* Products of 8-bit numbers with int16 accumulation, on 32-bit Arm without a dot product: see int8_acc16_neon.h. */
#ifndef MG_INT8_CHAINS_H
#define MG_INT8_CHAINS_H
#include "int8_lanes.h"
#include "int8_bytes.h"

typedef int16x8_t mg_acc16;
typedef int16x4_t mg_acc16x4;
MG_INLINE mg_acc16x4 mg_acc16x4_load(const int8_t *p) { return vld1_s16((const void *)p); }
#define mg_words(n) int32x2x##n##_t
#define mg_words_load(n, p) vld##n##_dup_s32((const void *)(p))
#define mg_acc16x4_at(t, i) vcombine_s16(t, t)
#define mg_w4_at(w, i) vreinterpret_s8_s32((w).val[i])
#define mg_acc16_half(x, high) ((high) ? vget_high_s8(x) : vget_low_s8(x))
#define mg_half_of(w, high) mg_acc16_half(w, high)
#define mg_acc16_begin(x, high, w) vmull_s8(mg_acc16_half(x, high), w)
#define mg_acc16_add(t, x, high, w) vmlal_s8(t, mg_acc16_half(x, high), w)
MG_INLINE mg_vi mg_vi_neighbours(mg_vi a, mg_vi b)
{
    return vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)), vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
}

/* The 4 x 4 bytes of a vector, columns for rows. */
MG_INLINE mg_b mg_b_columns(mg_b x)
{
    int8x8x2_t half = vzip_s8(vget_low_s8(x), vget_high_s8(x));
    half = vzip_s8(half.val[0], half.val[1]);
    return vcombine_s8(half.val[0], half.val[1]);
}
MG_INLINE void mg_b_put3(int8_t *p, mg_b3 x)
{
    for (int v = 0; v < 3; v++) vst1q_s8(p + 16 * v, x.val[v]);
}
MG_INLINE void mg_b_put4(int8_t *p, mg_b4 x)
{
    for (int v = 0; v < 4; v++) vst1q_s8(p + 16 * v, x.val[v]);
}
MG_INLINE mg_vi mg_add_high(mg_vi acc, mg_acc16 t) { return vaddw_s16(acc, vget_high_s16(t)); }

#include "int8_acc16_neon.h"
#endif
