/* Products of 8-bit numbers by widening, 32-bit Arm. Vocabulary: int8.h. */
#ifndef MG_INT8_H
#define MG_INT8_H
#include "int8_lanes.h"

#define mg_half(x, l) ((l) < 4 ? vget_low_s16(x) : vget_high_s16(x))
#define mg_lane(acc, w, x, l) vmlal_lane_s16(acc, vget_low_s16(w), mg_half(x, l), (l) & 3)
#define mg_lane_high(acc, w, x, l) vmlal_lane_s16(acc, vget_high_s16(w), mg_half(x, l), (l) & 3)
#include "int8_neon.h"
#endif
