/* Numbers of 8 bits in lanes of 32, 64-bit Arm. Vocabulary: int8_lanes.h. */
#ifndef MG_INT8_LANES_H
#define MG_INT8_LANES_H
#include "words.h"

MG_INLINE mg_vi mg_vi_round(mg_vf a) { return vcvtaq_s32_f32(a); }
#define mg_vi_mac_high(acc, x, w) vmlal_high_s16(acc, x, w)
#include "int8_lanes_neon.h"

#include "padding.h"
#endif
