/* Products of 8-bit numbers by dot product instructions, 32-bit Arm. Vocabulary: int8.h. */
#ifndef MG_INT8_DOT_H
#define MG_INT8_DOT_H
#include "int8_lanes.h"
#include "int8_bytes.h"

#define mg_vi_dot4(acc, w, x, l) vdotq_lane_s32(acc, w, (l) < 2 ? vget_low_s8(x) : vget_high_s8(x), (l) & 1)
#include "int8_dot_neon.h"
#endif
