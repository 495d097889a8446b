/* Products of 8-bit numbers by widening, 64-bit Arm. Vocabulary: int8.h. */
#ifndef MG_INT8_H
#define MG_INT8_H
#include "int8_lanes.h"

#define mg_lane(acc, w, x, l) vmlal_laneq_s16(acc, vget_low_s16(w), x, l)
#define mg_lane_high(acc, w, x, l) vmlal_high_laneq_s16(acc, w, x, l)
#include "int8_neon.h"
#endif
