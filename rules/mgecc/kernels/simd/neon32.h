/* 32-bit Arm with NEON and VFPv4: 4 lanes with fused multiply-add. Vocabulary: scalar.h.
 * Division and square root are IEEE-exact, lane by lane: NEON has only estimates of them. */
#ifndef MG_NEON32_H
#define MG_NEON32_H
#include "common.h"
#include "neon.h"

MG_INLINE mg_vf mg_vf_div(mg_vf a, mg_vf b)
{
    float32x4_t r = vdupq_n_f32(vgetq_lane_f32(a, 0) / vgetq_lane_f32(b, 0));
    r = vsetq_lane_f32(vgetq_lane_f32(a, 1) / vgetq_lane_f32(b, 1), r, 1);
    r = vsetq_lane_f32(vgetq_lane_f32(a, 2) / vgetq_lane_f32(b, 2), r, 2);
    return vsetq_lane_f32(vgetq_lane_f32(a, 3) / vgetq_lane_f32(b, 3), r, 3);
}

MG_INLINE float mg_sqrt1(float a)
{
    float r;
    __asm__("vsqrt.f32 %0, %1" : "=t"(r) : "t"(a));
    return r;
}

MG_INLINE mg_vf mg_vf_sqrt(mg_vf a)
{
    float32x4_t r = vdupq_n_f32(mg_sqrt1(vgetq_lane_f32(a, 0)));
    r = vsetq_lane_f32(mg_sqrt1(vgetq_lane_f32(a, 1)), r, 1);
    r = vsetq_lane_f32(mg_sqrt1(vgetq_lane_f32(a, 2)), r, 2);
    return vsetq_lane_f32(mg_sqrt1(vgetq_lane_f32(a, 3)), r, 3);
}

/* Numbers of 2^23 and more are whole already; the sign is kept for results of zero. */
MG_INLINE mg_vf mg_vf_trunc(mg_vf a)
{
    mg_vf t = vcvtq_f32_s32(vcvtq_s32_f32(a));
    t = vbslq_f32(vdupq_n_u32(0x80000000u), a, t);
    return vbslq_f32(vcaltq_f32(a, vdupq_n_f32(8388608.0f)), t, a);
}

/* Not fused: the by-lane form exists for multiply-accumulate only. */
#define mg_vf_fma_x(acc, w, x, l) \
    vmlaq_lane_f32(acc, w, (l) < 2 ? vget_low_f32(x) : vget_high_f32(x), (l) & 1)

/* Four neighbouring vectors in one instruction, which Clang 21 and GCC 12 do not find by themselves, and that moves
 * the pointer past them. It wants neighbouring registers, so these are fixed: q0 to q3 for inputs, whose
 * lanes products can name, q8 to q11 for weights. */
typedef float32x4x4_t mg_vf4;

MG_INLINE mg_vf4 mg_x_next4(const float **p)
{
    register float32x4_t a __asm__("q0"), b __asm__("q1"), c __asm__("q2"), d __asm__("q3");
    const float *from = *p;
    __asm__ volatile("vldmia %0!, {d0-d7}" : "+r"(from), "=w"(a), "=w"(b), "=w"(c), "=w"(d) : : "memory");
    *p = from;
    return (mg_vf4){{a, b, c, d}};
}

typedef float32x4x2_t mg_vf2;
MG_INLINE mg_vf2 mg_x_step2(const float **p, ptrdiff_t by)
{
    const mg_vf2 v = {{vld1q_f32(*p), vld1q_f32(*p + 4)}};
    *p = (const void *)((const char *)*p + by);
    __asm__("" : "+r"(*p));
    return v;
}
MG_INLINE mg_vf4 mg_vf_next4(const float **p)
{
    register float32x4_t a __asm__("q8"), b __asm__("q9"), c __asm__("q10"), d __asm__("q11");
    const float *from = *p;
    __asm__ volatile("vldmia %0!, {d16-d23}" : "+r"(from), "=w"(a), "=w"(b), "=w"(c), "=w"(d) : : "memory");
    *p = from;
    return (mg_vf4){{a, b, c, d}};
}

MG_INLINE mg_vf mg_vf_next(const float **p)
{
    const mg_vf v = vld1q_f32(*p);
    *p += 4;
    __asm__("" : "+r"(*p));
    return v;
}

typedef float32x4x3_t mg_vf3;
MG_INLINE mg_vf3 mg_vf_next3(const float **p)
{
    register float32x4_t a __asm__("q8"), b __asm__("q9"), c __asm__("q10");
    const float *from = *p;
    __asm__ volatile("vldmia %0!, {d16-d21}" : "+r"(from), "=w"(a), "=w"(b), "=w"(c) : : "memory");
    *p = from;
    return (mg_vf3){{a, b, c}};
}

MG_INLINE void mg_vf_put4(float **p, mg_vf a, mg_vf b, mg_vf c, mg_vf d)
{
    vst1q_f32(*p, a);
    vst1q_f32(*p + 4, b);
    vst1q_f32(*p + 8, c);
    vst1q_f32(*p + 12, d);
    *p += 16;
    __asm__("" : "+r"(*p));
}

#define MG_EMULATE_FLOOR
#include "derived.h"
#endif
