/* Products of 8-bit numbers by chains of 16-bit sums, on NEON without a dot product. Lanes: two pixels of four inputs each,
 * times the four weights of one output, four times in a register. Whoever packs weights sees to it that no chain overflows. */
#ifndef MG_INT8_CHAINS_H
#define MG_INT8_CHAINS_H
#include "int8_lanes.h"
#include "int8_bytes.h"

typedef int16x8_t mg_chain;
#ifdef __aarch64__
typedef int32x4x4_t mg_w4;
typedef int8x16_t mg_half;
MG_INLINE mg_w4 mg_w4_load(const int8_t *p) { return vld4q_dup_s32((const void *)p); }
#define mg_w4_at(w, i) vreinterpretq_s8_s32((w).val[i])
#define mg_chain_begin(x, high, w) ((high) ? vmull_high_s8(x, w) : vmull_s8(vget_low_s8(x), vget_low_s8(w)))
#define mg_chain_add(t, x, high, w) ((high) ? vmlal_high_s8(t, x, w) : vmlal_s8(t, vget_low_s8(x), vget_low_s8(w)))
MG_INLINE mg_vi mg_vi_neighbours(mg_vi a, mg_vi b) { return vpaddq_s32(a, b); }
#else
typedef int32x2x4_t mg_w4;
typedef int8x8_t mg_half;
MG_INLINE mg_w4 mg_w4_load(const int8_t *p) { return vld4_dup_s32((const void *)p); }
#define mg_w4_at(w, i) vreinterpret_s8_s32((w).val[i])
#define mg_chain_half(x, high) ((high) ? vget_high_s8(x) : vget_low_s8(x))
#define mg_chain_begin(x, high, w) vmull_s8(mg_chain_half(x, high), w)
#define mg_chain_add(t, x, high, w) vmlal_s8(t, mg_chain_half(x, high), w)
MG_INLINE mg_vi mg_vi_neighbours(mg_vi a, mg_vi b)
{
    return vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)), vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
}
#endif

/* acc + neighbouring sums of the chain. */
MG_INLINE mg_vi mg_chain_end(mg_vi acc, mg_chain t) { return vpadalq_s16(acc, t); }

/* Lane `i`, a constant, of four vectors. */
#define mg_vi_column(a, b, c, d, i)                                                                                \
    ((mg_vi){vgetq_lane_s32(a, i), vgetq_lane_s32(b, i), vgetq_lane_s32(c, i), vgetq_lane_s32(d, i)})

/* Products lane by lane, of the lower or the upper half, and the upper half of a chain added to sums. */
#ifdef __aarch64__
#define mg_lanes_begin(x, w, high) ((high) ? vmull_high_s8(x, w) : vmull_s8(vget_low_s8(x), vget_low_s8(w)))
#define mg_lanes_add(t, x, w, high) ((high) ? vmlal_high_s8(t, x, w) : vmlal_s8(t, vget_low_s8(x), vget_low_s8(w)))
MG_INLINE mg_vi mg_add_high(mg_vi acc, mg_chain t) { return vaddw_high_s16(acc, t); }
#else
#define mg_lanes_begin(x, w, high) vmull_s8(mg_chain_half(x, high), mg_chain_half(w, high))
#define mg_lanes_add(t, x, w, high) vmlal_s8(t, mg_chain_half(x, high), mg_chain_half(w, high))
MG_INLINE mg_vi mg_add_high(mg_vi acc, mg_chain t) { return vaddw_s16(acc, vget_high_s16(t)); }
#endif

/* Pixels 0, 2, 4, 6 of four channels, or with `odd` 1, 3, 5, 7. */
MG_INLINE mg_b mg_b_every_other(const int8_t *p, int odd)
{
    const int32x4x2_t x = vld2q_s32((const void *)p);
    return vreinterpretq_s8_s32(odd ? x.val[1] : x.val[0]);
}

/* A padded row of `bytes`, `left` of them before `count` of the data, or none of the data: all `fill`. Writes up to 15 more. */
MG_INLINE void mg_row_put(int8_t *to, const int8_t *from, int32_t left, int32_t count, int32_t bytes, int fill, int flip)
{
    const mg_b outside = vdupq_n_s8((int8_t)fill), turn = vdupq_n_s8((int8_t)flip);
    int8_t *const end = to + bytes;
    if (from) {
        for (int32_t i = 0; i < left; i += 16) vst1q_s8(to + i, outside);
        to += left;
        int32_t i = 0;
        for (; i + 16 <= count; i += 16) vst1q_s8(to + i, veorq_s8(vld1q_s8(from + i), turn));
        if (i < count && count >= 16) {
            i = count - 16;
            vst1q_s8(to + i, veorq_s8(vld1q_s8(from + i), turn));
        } else {
            for (; i < count; i += 4) mg_put_word(to + i, mg_word(from + i) ^ (int32_t)(flip * 0x01010101u));
        }
        to += count;
    }
    for (; to < end; to += 16) vst1q_s8(to, outside);
}
#endif
