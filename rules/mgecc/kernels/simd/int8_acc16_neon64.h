/* Products of 8-bit numbers with int16 accumulation, on 64-bit Arm without a dot product: see int8_acc16_neon.h. */
#ifndef MG_INT8_CHAINS_H
#define MG_INT8_CHAINS_H
#include "int8_lanes.h"
#include "int8_bytes.h"

typedef int16x8_t mg_acc16;
typedef int64x2x4_t mg_acc16x4;
MG_INLINE mg_acc16x4 mg_acc16x4_load(const int8_t *p) { return vld4q_dup_s64((const void *)p); }
#define mg_words(n) int32x4x##n##_t
#define mg_words_load(n, p) vld##n##q_dup_s32((const void *)(p))
#define mg_acc16x4_at(t, i) vreinterpretq_s16_s64((t).val[i])
#define mg_w4_at(w, i) vreinterpretq_s8_s32((w).val[i])
#define mg_acc16_begin(x, high, w) ((high) ? vmull_high_s8(x, w) : vmull_s8(vget_low_s8(x), vget_low_s8(w)))
#define mg_acc16_add(t, x, high, w) ((high) ? vmlal_high_s8(t, x, w) : vmlal_s8(t, vget_low_s8(x), vget_low_s8(w)))
#define mg_half_of(w, high) (w)
MG_INLINE mg_vi mg_vi_neighbours(mg_vi a, mg_vi b) { return vpaddq_s32(a, b); }

/* The 4 x 4 bytes of a vector, columns for rows. */
MG_INLINE mg_b mg_b_columns(mg_b x)
{
    return vqtbl1q_s8(x, mg_window_order());
}
MG_INLINE void mg_b_put3(int8_t *p, mg_b3 x) { vst1q_s8_x3(p, ((int8x16x3_t){{x.val[0], x.val[1], x.val[2]}})); }
MG_INLINE void mg_b_put4(int8_t *p, mg_b4 x) { vst1q_s8_x4(p, x); }
MG_INLINE mg_vi mg_add_high(mg_vi acc, mg_acc16 t) { return vaddw_high_s16(acc, t); }

#include "int8_acc16_neon.h"
#endif
