/* Vectors of 16 bytes on 32-bit Arm: neighbouring loads, picks by number, rows of pixels as windows. */
#ifndef MG_INT8_BYTES_H
#define MG_INT8_BYTES_H
#include "int8_types_neon.h"
typedef struct { mg_b val[4]; } mg_b4;
MG_INLINE mg_b4 mg_b_four(const int8_t *p)
{
    return (mg_b4){{vld1q_s8(p), vld1q_s8(p + 16), vld1q_s8(p + 32), vld1q_s8(p + 48)}};
}
MG_INLINE mg_b2 mg_b_pair(const int8_t *p) { return (mg_b2){{vld1q_s8(p), vld1q_s8(p + 16)}}; }
MG_INLINE mg_b3 mg_b_three(const int8_t *p) { return (mg_b3){{vld1q_s8(p), vld1q_s8(p + 16), vld1q_s8(p + 32)}}; }

/* Bytes of x by their numbers, those of `outside` for numbers past 15. */
MG_INLINE mg_b mg_b_pick(mg_b outside, mg_b x, uint8x16_t order)
{
    int8x8x2_t table = {{vget_low_s8(x), vget_high_s8(x)}};
    int8x8_t low = vtbx2_s8(vget_low_s8(outside), table, vreinterpret_s8_u8(vget_low_u8(order)));
    return vcombine_s8(low, vtbx2_s8(vget_high_s8(outside), table, vreinterpret_s8_u8(vget_high_u8(order))));
}

#include "int8_bytes_neon.h"
#endif
