/* Helium (MVE) of Armv8.1-M: 4 lanes with fused multiply-add, tails by predicates. Vocabulary: scalar.h.
 * Denormal numbers are zeros. A product takes its factor from a register of the core. Division and square root are those of the FPU, lane by lane. */
#ifndef MG_MVE_H
#define MG_MVE_H
#include "common.h"
#include <arm_mve.h>
#include "arm_q.h"

typedef mve_pred16_t mg_vm;
typedef const float *mg_x;

MG_INLINE mg_vf mg_vf_load_tail(const float *p, int n) { return vldrwq_z_f32(p, vctp32q((uint32_t)n)); }
MG_INLINE mg_vi mg_vi_load_tail(const int32_t *p, int n) { return vldrwq_z_s32(p, vctp32q((uint32_t)n)); }
MG_INLINE void mg_vf_store_tail(float *p, mg_vf a, int n) { vstrwq_p_f32(p, a, vctp32q((uint32_t)n)); }
MG_INLINE void mg_vi_store_tail(int32_t *p, mg_vi a, int n) { vstrwq_p_s32(p, a, vctp32q((uint32_t)n)); }

/* Of conditions, LT and LE hold where an operand is not a number, GT and GE do not. Clang 21 takes all for ordered ones: it
 * must not turn comparisons around, as it does with constants, nor find that both operands are the same. */
MG_INLINE mg_vf mg_vf_unknown(mg_vf a)
{
    __asm__("" : "+w"(a));
    return a;
}
MG_INLINE mg_vm mg_vf_lt(mg_vf a, mg_vf b) { return vcmpgtq_f32(mg_vf_unknown(b), a); }
MG_INLINE mg_vm mg_vf_le(mg_vf a, mg_vf b) { return vcmpgeq_f32(mg_vf_unknown(b), a); }
MG_INLINE mg_vm mg_vf_eq(mg_vf a, mg_vf b) { return vcmpeqq_f32(mg_vf_unknown(a), b); }
MG_INLINE mg_vm mg_vi_lt(mg_vi a, mg_vi b) { return vcmpltq_s32(a, b); }
MG_INLINE mg_vm mg_vi_eq(mg_vi a, mg_vi b) { return vcmpeqq_s32(a, b); }
MG_INLINE mg_vm mg_vm_and(mg_vm a, mg_vm b) { return (mg_vm)(a & b); }
MG_INLINE mg_vm mg_vm_or(mg_vm a, mg_vm b) { return (mg_vm)(a | b); }
MG_INLINE mg_vm mg_vm_not(mg_vm a) { return (mg_vm)~a; }
MG_INLINE mg_vf mg_vf_sel(mg_vm m, mg_vf a, mg_vf b) { return vpselq_f32(a, b, m); }
MG_INLINE mg_vi mg_vi_sel(mg_vm m, mg_vi a, mg_vi b) { return vpselq_s32(a, b, m); }

/* VMINNM and VMAXNM would take the other operand for one that is not a number. */
MG_INLINE mg_vf mg_vf_min(mg_vf a, mg_vf b) { return mg_vf_sel(mg_vf_lt(a, b), a, b); }
MG_INLINE mg_vf mg_vf_max(mg_vf a, mg_vf b) { return mg_vf_sel(mg_vf_lt(b, a), a, b); }
MG_INLINE mg_vf mg_vf_min_nan(mg_vf a, mg_vf b) { return mg_vf_sel(mg_vf_eq(a, a), mg_vf_min(a, b), a); }
MG_INLINE mg_vf mg_vf_max_nan(mg_vf a, mg_vf b) { return mg_vf_sel(mg_vf_eq(a, a), mg_vf_max(a, b), a); }
MG_INLINE mg_vf mg_vf_trunc(mg_vf a) { return vrndq_f32(a); }
MG_INLINE mg_vf mg_vf_floor(mg_vf a) { return vrndmq_f32(a); }
MG_INLINE mg_vf mg_vf_ceil(mg_vf a) { return vrndpq_f32(a); }
#define MG_HAS_NEAREST
MG_INLINE mg_vi mg_vi_nearest(mg_vf a) { return vcvtaq_s32_f32(a); }

MG_INLINE mg_vi mg_vi_shl(mg_vi a, int n) { return vshlq_r_s32(a, n); }
MG_INLINE mg_vi mg_vi_shr(mg_vi a, int n) { return vshlq_r_s32(a, -n); }

/* The four lanes one by one. */
#define MG_LANES4(a, f) {f(vgetq_lane_f32(a, 0)), f(vgetq_lane_f32(a, 1)), f(vgetq_lane_f32(a, 2)), f(vgetq_lane_f32(a, 3))}
MG_INLINE mg_vf mg_vf_div(mg_vf a, mg_vf b)
{
    const mg_vf r = {vgetq_lane_f32(a, 0) / vgetq_lane_f32(b, 0), vgetq_lane_f32(a, 1) / vgetq_lane_f32(b, 1),
                     vgetq_lane_f32(a, 2) / vgetq_lane_f32(b, 2), vgetq_lane_f32(a, 3) / vgetq_lane_f32(b, 3)};
    return r;
}

MG_INLINE float mg_sqrt1(float a)
{
    float r;
    __asm__("vsqrt.f32 %0, %1" : "=t"(r) : "t"(a));
    return r;
}
MG_INLINE mg_vf mg_vf_sqrt(mg_vf a)
{
    const mg_vf r = MG_LANES4(a, mg_sqrt1);
    return r;
}

/* Neighbours first: (0, 1) and (2, 3), then both. */
MG_INLINE float mg_vf_sum(mg_vf a)
{
    return (vgetq_lane_f32(a, 0) + vgetq_lane_f32(a, 1)) + (vgetq_lane_f32(a, 2) + vgetq_lane_f32(a, 3));
}
/* Lanes 0 to 3: the sums of a to d. */
MG_INLINE mg_vf mg_vf_sum4(mg_vf a, mg_vf b, mg_vf c, mg_vf d)
{
    const mg_vf r = {mg_vf_sum(a), mg_vf_sum(b), mg_vf_sum(c), mg_vf_sum(d)};
    return r;
}
MG_INLINE float mg_vf_hmax(mg_vf a)
{
    const mg_vf turned = {vgetq_lane_f32(a, 2), vgetq_lane_f32(a, 3), vgetq_lane_f32(a, 0), vgetq_lane_f32(a, 1)};
    const mg_vf b = mg_vf_max_nan(a, turned), c = {vgetq_lane_f32(b, 1), 0.0f, 0.0f, 0.0f};
    return vgetq_lane_f32(mg_vf_max_nan(b, c), 0);
}
MG_INLINE float mg_vf_hmin(mg_vf a) { return -mg_vf_hmax(mg_vf_neg(a)); }

/* Four neighbouring vectors; lane i of each to vector i, and back. The pointer moves past them. */
typedef struct { mg_vi val[4]; } mg_vi4;
MG_INLINE mg_vi4 mg_vi_split4(const int32_t **p)
{
    const int32x4x4_t v = vld4q_s32(*p);
    *p += 16;
    return (mg_vi4){{v.val[0], v.val[1], v.val[2], v.val[3]}};
}
MG_INLINE void mg_vi_join4(int32_t **p, mg_vi a, mg_vi b, mg_vi c, mg_vi d)
{
    const int32x4x4_t v = {{a, b, c, d}};
    vst4q_s32(*p, v);
    *p += 16;
}

/* Rows of 4 numbers, xs apart, become columns: rows of y, ys apart. */
MG_INLINE void mg_transpose4x4(uint32_t *y, ptrdiff_t ys, const uint32_t *x, ptrdiff_t xs)
{
    const uint32x4_t to = vmulq_n_u32(vidupq_n_u32(0, 4), (uint32_t)ys);
    for (int l = 0; l < 4; l++) vstrwq_scatter_offset_u32(y + l, to, vld1q_u32(x + l * xs));
}

MG_INLINE mg_x mg_x_load(const float *p) { return p; }
#define mg_vf_fma_x(acc, w, x, l) vfmaq_n_f32(acc, w, (x)[l])

#include "derived.h"
#endif
