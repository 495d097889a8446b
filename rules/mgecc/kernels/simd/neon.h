/* What NEON of 64-bit and 32-bit Arm share. On 32-bit Arm, NEON treats denormal numbers as zero. */
#include <arm_neon.h>
#include "arm_q.h"

typedef uint32x4_t mg_vm;
typedef float32x4_t mg_x;

/* One to three lanes. */
#define MG_PART(vec, elem, s)                                                    \
    MG_INLINE vec vec##_load_tail(const elem *p, int n)                          \
    {                                                                            \
        vec a = vdupq_n_##s(0);                                                  \
        if (n == 1) return vld1q_lane_##s(p, a, 0);                              \
        a = vcombine_##s(vld1_##s(p), vget_low_##s(a));                          \
        return n == 2 ? a : vld1q_lane_##s(p + 2, a, 2);                         \
    }                                                                            \
    MG_INLINE void vec##_store_tail(elem *p, vec a, int n)                       \
    {                                                                            \
        if (n == 1) {                                                            \
            vst1q_lane_##s(p, a, 0);                                             \
            return;                                                              \
        }                                                                        \
        vst1_##s(p, vget_low_##s(a));                                            \
        if (n == 3) vst1q_lane_##s(p + 2, a, 2);                                 \
    }
MG_PART(mg_vf, float, f32)
MG_PART(mg_vi, int32_t, s32)

MG_INLINE mg_vf mg_vf_min(mg_vf a, mg_vf b) { return vminq_f32(a, b); }
MG_INLINE mg_vf mg_vf_max(mg_vf a, mg_vf b) { return vmaxq_f32(a, b); }
MG_INLINE mg_vf mg_vf_min_nan(mg_vf a, mg_vf b) { return vminq_f32(a, b); }
MG_INLINE mg_vf mg_vf_max_nan(mg_vf a, mg_vf b) { return vmaxq_f32(a, b); }

/* Operators, so that a constant count becomes an immediate. */
MG_INLINE mg_vi mg_vi_shl(mg_vi a, int n) { return a << vdupq_n_s32(n); }
MG_INLINE mg_vi mg_vi_shr(mg_vi a, int n) { return a >> vdupq_n_s32(n); }

MG_INLINE mg_vm mg_vf_lt(mg_vf a, mg_vf b) { return vcltq_f32(a, b); }
MG_INLINE mg_vm mg_vf_le(mg_vf a, mg_vf b) { return vcleq_f32(a, b); }
MG_INLINE mg_vm mg_vf_eq(mg_vf a, mg_vf b) { return vceqq_f32(a, b); }
MG_INLINE mg_vm mg_vi_lt(mg_vi a, mg_vi b) { return vcltq_s32(a, b); }
MG_INLINE mg_vm mg_vi_eq(mg_vi a, mg_vi b) { return vceqq_s32(a, b); }
MG_INLINE mg_vm mg_vm_and(mg_vm a, mg_vm b) { return vandq_u32(a, b); }
MG_INLINE mg_vm mg_vm_or(mg_vm a, mg_vm b) { return vorrq_u32(a, b); }
MG_INLINE mg_vm mg_vm_not(mg_vm a) { return vmvnq_u32(a); }
MG_INLINE mg_vf mg_vf_sel(mg_vm m, mg_vf a, mg_vf b) { return vbslq_f32(m, a, b); }
MG_INLINE mg_vi mg_vi_sel(mg_vm m, mg_vi a, mg_vi b) { return vbslq_s32(m, a, b); }

/* Neighbours first: (0, 1) and (2, 3), then both. */
MG_INLINE float mg_vf_sum(mg_vf a)
{
    float32x2_t b = vpadd_f32(vget_low_f32(a), vget_high_f32(a));
    return vget_lane_f32(vpadd_f32(b, b), 0);
}

/* Lanes 0 to 3: the sums of a to d. */
MG_INLINE mg_vf mg_vf_sum4(mg_vf a, mg_vf b, mg_vf c, mg_vf d)
{
#ifdef __aarch64__
    return vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d));
#else
    float32x2_t ab = vpadd_f32(vpadd_f32(vget_low_f32(a), vget_high_f32(a)), vpadd_f32(vget_low_f32(b), vget_high_f32(b)));
    float32x2_t cd = vpadd_f32(vpadd_f32(vget_low_f32(c), vget_high_f32(c)), vpadd_f32(vget_low_f32(d), vget_high_f32(d)));
    return vcombine_f32(ab, cd);
#endif
}

MG_INLINE float mg_vf_hmax(mg_vf a)
{
    float32x2_t b = vpmax_f32(vget_low_f32(a), vget_high_f32(a));
    return vget_lane_f32(vpmax_f32(b, b), 0);
}

MG_INLINE float mg_vf_hmin(mg_vf a)
{
    float32x2_t b = vpmin_f32(vget_low_f32(a), vget_high_f32(a));
    return vget_lane_f32(vpmin_f32(b, b), 0);
}

/* Four neighbouring vectors; lane i of each to vector i, and back. The pointer moves past them. */
typedef int32x4x4_t mg_vi4;
MG_INLINE mg_vi4 mg_vi_split4(const int32_t **p)
{
    const mg_vi4 v = vld4q_s32(*p);
    *p += 16;
    __asm__("" : "+r"(*p));
    return v;
}
MG_INLINE void mg_vi_join4(int32_t **p, mg_vi a, mg_vi b, mg_vi c, mg_vi d)
{
    const mg_vi4 v = {{a, b, c, d}};
    vst4q_s32(*p, v);
    *p += 16;
    __asm__("" : "+r"(*p));
}

MG_INLINE mg_x mg_x_load(const float *p) { return vld1q_f32(p); }

/* Rows of 4 numbers, xs apart, become columns: rows of y, ys apart. */
MG_INLINE void mg_transpose4x4(uint32_t *y, ptrdiff_t ys, const uint32_t *x, ptrdiff_t xs)
{
    const uint32x4x2_t a = vtrnq_u32(vld1q_u32(x), vld1q_u32(x + xs)), b = vtrnq_u32(vld1q_u32(x + 2 * xs), vld1q_u32(x + 3 * xs));
    vst1q_u32(y, vcombine_u32(vget_low_u32(a.val[0]), vget_low_u32(b.val[0])));
    vst1q_u32(y + ys, vcombine_u32(vget_low_u32(a.val[1]), vget_low_u32(b.val[1])));
    vst1q_u32(y + 2 * ys, vcombine_u32(vget_high_u32(a.val[0]), vget_high_u32(b.val[0])));
    vst1q_u32(y + 3 * ys, vcombine_u32(vget_high_u32(a.val[1]), vget_high_u32(b.val[1])));
}
