/* Numbers of half precision, 32-bit Arm with VFPv4. Vocabulary: half.h. */
#ifndef MG_HALF_H
#define MG_HALF_H
#if __ARM_FP & 2
/* By name: compilers declare these intrinsics only when told the format of halves. */
MG_INLINE mg_vf mg_vf_load_f16(const uint16_t *p)
{
    mg_vf r;
    __asm__("vcvt.f32.f16 %q0, %P1" : "=w"(r) : "w"(vld1_u16(p)));
    return r;
}

MG_INLINE void mg_vf_store_f16(uint16_t *p, mg_vf a)
{
    uint16x4_t r;
    __asm__("vcvt.f16.f32 %P0, %q1" : "=w"(r) : "w"(a));
    vst1_u16(p, r);
}
#else
#include "half_integers.h"
#endif

#include "half_neon.h"
#endif
