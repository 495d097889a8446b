/* Products of 8-bit numbers one by one, or two by two where the processor has such (Armv7E-M). Weights: [input].
 * Vocabulary: int8.h. */
#ifndef MG_INT8_H
#define MG_INT8_H
#include "int8_lanes.h"

#if defined(__ARM_FEATURE_SIMD32)
#include <arm_acle.h>
/* Numbers 0 and 2, numbers 1 and 3 of four bytes, as two halves of a word each. */
typedef struct { int32_t even, odd; } mg_vq;
MG_INLINE mg_vq mg_vq_load(const int8_t *p)
{
    uint32_t w = (uint32_t)mg_word(p);
    mg_vq r = {__sxtb16((int32_t)w), __sxtb16((int32_t)(w >> 8 | w << 24))};
    return r;
}
MG_INLINE int32_t mg_vq_dot(int32_t acc, mg_vq w, const int8_t *x)
{
    mg_vq v = mg_vq_load(x);
    return __smlad(v.odd, w.odd, __smlad(v.even, w.even, acc));
}
#else
typedef struct { int32_t at[4]; } mg_vq;
MG_INLINE mg_vq mg_vq_load(const int8_t *p) { return (mg_vq){{p[0], p[1], p[2], p[3]}}; }
MG_INLINE int32_t mg_vq_dot(int32_t acc, mg_vq w, const int8_t *x)
{
    return mg_plus(mg_plus(mg_plus(mg_plus(acc, w.at[0] * x[0]), w.at[1] * x[1]), w.at[2] * x[2]), w.at[3] * x[3]);
}
#endif

#include "int8_inputs.h"
#endif
