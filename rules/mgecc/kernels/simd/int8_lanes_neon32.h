/* Numbers of 8 bits in lanes of 32, 32-bit Arm. Vocabulary: int8_lanes.h. */
#ifndef MG_INT8_LANES_H
#define MG_INT8_LANES_H
#include "words.h"

MG_INLINE mg_vi mg_vi_round(mg_vf a)
{
    mg_vf half = vbslq_f32(vdupq_n_u32(0x80000000u), a, vdupq_n_f32(0.49999997f));
    return vcvtq_s32_f32(vaddq_f32(a, half));
}
#define mg_vi_mac_high(acc, x, w) vmlal_s16(acc, vget_high_s16(x), vget_high_s16(w))
#include "int8_lanes_neon.h"

#include "padding.h"
#endif
