/* 64-bit Arm: 4 lanes with fused multiply-add. Vocabulary: scalar.h. */
#ifndef MG_NEON64_H
#define MG_NEON64_H
#include "common.h"
#include "neon.h"

MG_INLINE mg_vf mg_vf_div(mg_vf a, mg_vf b) { return vdivq_f32(a, b); }
MG_INLINE mg_vf mg_vf_sqrt(mg_vf a) { return vsqrtq_f32(a); }
MG_INLINE mg_vf mg_vf_floor(mg_vf a) { return vrndmq_f32(a); }
MG_INLINE mg_vf mg_vf_ceil(mg_vf a) { return vrndpq_f32(a); }
MG_INLINE mg_vf mg_vf_trunc(mg_vf a) { return vrndq_f32(a); }

#define mg_vf_fma_x(acc, w, x, l) vfmaq_laneq_f32(acc, w, x, l)

/* Four neighbouring vectors in one instruction that moves the pointer past them; Clang 21 computes addresses by
 * instructions of their own unless the pointer's value is hidden from it. */
typedef float32x4x4_t mg_vf4;
MG_INLINE mg_vf4 mg_vf_next4(const float **p)
{
    const mg_vf4 v = vld1q_f32_x4(*p);
    *p += 16;
    __asm__("" : "+r"(*p));
    return v;
}
MG_INLINE mg_vf mg_vf_next(const float **p) { return vld1q_f32((*p += 4) - 4); }
typedef float32x4x3_t mg_vf3;
MG_INLINE mg_vf3 mg_vf_next3(const float **p)
{
    const mg_vf3 v = vld1q_f32_x3(*p);
    *p += 12;
    __asm__("" : "+r"(*p));
    return v;
}
MG_INLINE void mg_vf_put4(float **p, mg_vf a, mg_vf b, mg_vf c, mg_vf d)
{
    const mg_vf4 v = {{a, b, c, d}};
    vst1q_f32_x4(*p, v);
    *p += 16;
    __asm__("" : "+r"(*p));
}
typedef float32x4x2_t mg_vf2;
MG_INLINE mg_vf2 mg_x_step2(const float **p, ptrdiff_t by)
{
    const mg_vf2 v = vld1q_f32_x2(*p);
    *p = (const void *)((const char *)*p + by);
    __asm__("" : "+r"(*p));
    return v;
}
MG_INLINE mg_vf3 mg_x_step3(const float **p, ptrdiff_t by)
{
    const mg_vf3 v = vld1q_f32_x3(*p);
    *p = (const void *)((const char *)*p + by);
    __asm__("" : "+r"(*p));
    return v;
}
MG_INLINE mg_vf4 mg_x_step4(const float **p, ptrdiff_t by)
{
    const mg_vf4 v = vld1q_f32_x4(*p);
    *p = (const void *)((const char *)*p + by);
    __asm__("" : "+r"(*p));
    return v;
}
MG_INLINE mg_vf4 mg_x_next4(const float **p) { return mg_vf_next4(p); }

#include "derived.h"
#endif
