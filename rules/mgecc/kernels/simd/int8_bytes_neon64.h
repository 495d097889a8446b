/* Vectors of 16 bytes on 64-bit Arm: neighbouring loads, picks by number, rows of pixels as windows. */
#ifndef MG_INT8_BYTES_H
#define MG_INT8_BYTES_H
#include "int8_types_neon.h"
MG_INLINE mg_b2 mg_b_pair(const int8_t *p)
{
    int8x16x2_t x = vld1q_s8_x2(p);
    return (mg_b2){{x.val[0], x.val[1]}};
}
MG_INLINE mg_b3 mg_b_three(const int8_t *p)
{
    int8x16x3_t x = vld1q_s8_x3(p);
    return (mg_b3){{x.val[0], x.val[1], x.val[2]}};
}
typedef int8x16x4_t mg_b4;
MG_INLINE mg_b4 mg_b_four(const int8_t *p) { return vld1q_s8_x4(p); }

/* Bytes of x by their numbers, those of `outside` for numbers past 15. */
MG_INLINE mg_b mg_b_pick(mg_b outside, mg_b x, uint8x16_t order)
{
    return vqtbx1q_s8(outside, x, order);
}

#include "int8_bytes_neon.h"
#endif
