/* Whole sums to bytes by fixed-point factors on both Arms. Vocabulary: rescale.h. */
#ifndef MG_RESCALE_NEON_H
#define MG_RESCALE_NEON_H
#include "rescale_one.h"

typedef struct { int32x4_t factor, left, right; /* the latter 0 or less */ } mg_rescale;

MG_INLINE mg_rescale mg_rescale_load(const int32_t *p)
{
    const int32x4_t shift = vld1q_s32(p + 4), zero = vdupq_n_s32(0);
    return (mg_rescale){vld1q_s32(p), vmaxq_s32(shift, zero), vminq_s32(shift, zero)};
}

/* Products that are rounded once. */
MG_INLINE int32x2_t mg_rescale_once(int kind, int32x2_t sums, int32x2_t factor, int32x2_t right)
{
    const int64x2_t product = vmull_s32(sums, factor), count = vsubl_s32(right, vdup_n_s32(31)), one = vdupq_n_s64(1);
    const int64x2_t even = vsubq_s64(vandq_s64(vshlq_s64(product, count), one), one);
    return vmovn_s64(vrshlq_s64(kind == 3 ? vaddq_s64(product, even) : product, count));
}

MG_INLINE mg_vi mg_rescale_lanes(int kind, mg_rescale f, mg_vi sums)
{
    if (kind & 4) sums = vqshlq_s32(sums, f.left);
    if ((kind & 3) == 1) {
        const int32x4_t high = vqrdmulhq_s32(sums, f.factor), below = vshrq_n_s32(vandq_s32(high, f.right), 31);
        return vrshlq_s32(vqaddq_s32(high, below), f.right);
    }
    return vcombine_s32(mg_rescale_once(kind & 3, vget_low_s32(sums), vget_low_s32(f.factor), vget_low_s32(f.right)),
                        mg_rescale_once(kind & 3, vget_high_s32(sums), vget_high_s32(f.factor), vget_high_s32(f.right)));
}

#define MG_RESCALED_STORE4
#include "rescale_stores.h"

MG_INLINE void mg_rescaled_store4(int8_t *p, ptrdiff_t step, int kind, mg_ends e, mg_rescale f, mg_vi a, mg_vi b, mg_vi c, mg_vi d)
{
    const int16x8_t low = vcombine_s16(vmovn_s32(mg_rescaled(kind, e, f, a)), vmovn_s32(mg_rescaled(kind, e, f, b)));
    const int16x8_t high = vcombine_s16(vmovn_s32(mg_rescaled(kind, e, f, c)), vmovn_s32(mg_rescaled(kind, e, f, d)));
    const int32x4_t words = vreinterpretq_s32_s8(vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
    if (step == 4) {
        vst1q_s8(p, vreinterpretq_s8_s32(words));
        return;
    }
    mg_put_word(p, vgetq_lane_s32(words, 0)), mg_put_word(p + step, vgetq_lane_s32(words, 1));
    mg_put_word(p + 2 * step, vgetq_lane_s32(words, 2)), mg_put_word(p + 3 * step, vgetq_lane_s32(words, 3));
}
#endif
