/* 64-bit Arm with arithmetic on halves (FEAT_FP16): 8 lanes. The vocabulary of scalar.h once more, with mg_hf for mg_vf:
 * kernels in half lanes are rendered with these names. Every operation rounds to the nearest half; what has no
 * instruction (sigmoid, ...) is computed on two vectors of float. mg_f16 promotes to float in plain C. */
#ifndef MG_NEON64_HALF_H
#define MG_NEON64_HALF_H
#define MG_HF 8
typedef float16_t mg_f16;
typedef float16x8_t mg_hf;
typedef uint16x8_t mg_hm;
typedef float16x8_t mg_hx;
typedef float16x8x2_t mg_hf2;
typedef float16x8x3_t mg_hf3;
typedef float16x8x4_t mg_hf4;

MG_INLINE mg_hf mg_hf_zero(void) { return vreinterpretq_f16_u16(vdupq_n_u16(0)); }
MG_INLINE mg_hf mg_hf_set1(float a) { return vdupq_n_f16((mg_f16)a); }
MG_INLINE mg_hf mg_hf_load(const mg_f16 *p) { return vld1q_f16(p); }
MG_INLINE void mg_hf_store(mg_f16 *p, mg_hf a) { vst1q_f16(p, a); }

MG_INLINE mg_hf mg_hf_load_tail(const mg_f16 *p, int n)
{
    mg_f16 lanes[MG_HF] = {0};
    for (int l = 0; l < n; ++l) lanes[l] = p[l];
    return vld1q_f16(lanes);
}

MG_INLINE void mg_hf_store_tail(mg_f16 *p, mg_hf a, int n)
{
    mg_f16 lanes[MG_HF];
    vst1q_f16(lanes, a);
    for (int l = 0; l < n; ++l) p[l] = lanes[l];
}

MG_INLINE mg_hf mg_hf_add(mg_hf a, mg_hf b) { return vaddq_f16(a, b); }
MG_INLINE mg_hf mg_hf_sub(mg_hf a, mg_hf b) { return vsubq_f16(a, b); }
MG_INLINE mg_hf mg_hf_mul(mg_hf a, mg_hf b) { return vmulq_f16(a, b); }
MG_INLINE mg_hf mg_hf_div(mg_hf a, mg_hf b) { return vdivq_f16(a, b); }
MG_INLINE mg_hf mg_hf_min(mg_hf a, mg_hf b) { return vminq_f16(a, b); }
MG_INLINE mg_hf mg_hf_max(mg_hf a, mg_hf b) { return vmaxq_f16(a, b); }
MG_INLINE mg_hf mg_hf_min_nan(mg_hf a, mg_hf b) { return vminq_f16(a, b); }
MG_INLINE mg_hf mg_hf_max_nan(mg_hf a, mg_hf b) { return vmaxq_f16(a, b); }
MG_INLINE mg_hf mg_hf_neg(mg_hf a) { return vnegq_f16(a); }
MG_INLINE mg_hf mg_hf_abs(mg_hf a) { return vabsq_f16(a); }
MG_INLINE mg_hf mg_hf_sqrt(mg_hf a) { return vsqrtq_f16(a); }
MG_INLINE mg_hf mg_hf_floor(mg_hf a) { return vrndmq_f16(a); }
MG_INLINE mg_hf mg_hf_ceil(mg_hf a) { return vrndpq_f16(a); }
MG_INLINE mg_hf mg_hf_trunc(mg_hf a) { return vrndq_f16(a); }
MG_INLINE mg_hf mg_hf_round(mg_hf a) { return vrndaq_f16(a); }
MG_INLINE mg_hf mg_hf_fma(mg_hf acc, mg_hf a, mg_hf b) { return vfmaq_f16(acc, a, b); }
MG_INLINE mg_hf mg_hf_fms(mg_hf acc, mg_hf a, mg_hf b) { return vfmsq_f16(acc, a, b); }

MG_INLINE mg_hm mg_hf_lt(mg_hf a, mg_hf b) { return vcltq_f16(a, b); }
MG_INLINE mg_hm mg_hf_le(mg_hf a, mg_hf b) { return vcleq_f16(a, b); }
MG_INLINE mg_hm mg_hf_eq(mg_hf a, mg_hf b) { return vceqq_f16(a, b); }
MG_INLINE mg_hm mg_hm_and(mg_hm a, mg_hm b) { return vandq_u16(a, b); }
MG_INLINE mg_hm mg_hm_or(mg_hm a, mg_hm b) { return vorrq_u16(a, b); }
MG_INLINE mg_hm mg_hm_not(mg_hm a) { return vmvnq_u16(a); }
MG_INLINE mg_hf mg_hf_sel(mg_hm m, mg_hf a, mg_hf b) { return vbslq_f16(m, a, b); }

/* The lanes as two vectors of float; both results joined. */
MG_INLINE mg_vf mg_hf_low(mg_hf a) { return vcvt_f32_f16(vget_low_f16(a)); }
MG_INLINE mg_vf mg_hf_high(mg_hf a) { return vcvt_high_f32_f16(a); }
MG_INLINE mg_hf mg_hf_join(mg_vf low, mg_vf high) { return vcvt_high_f16_f32(vcvt_f16_f32(low), high); }
MG_INLINE mg_hf mg_hf_wide(mg_hf a, mg_vf (*f)(mg_vf)) { return mg_hf_join(f(mg_hf_low(a)), f(mg_hf_high(a))); }
#define mg_hf_sigmoid(a) mg_hf_wide(a, mg_vf_sigmoid)
#define mg_hf_silu(a) mg_hf_wide(a, mg_vf_silu)
#define mg_hf_tanh(a) mg_hf_wide(a, mg_vf_tanh)
#define mg_hf_erf(a) mg_hf_wide(a, mg_vf_erf)
#define mg_hf_exp(a) mg_hf_wide(a, mg_vf_exp)
#define mg_hf_gelu(a) mg_hf_wide(a, mg_vf_gelu)

/* Sums of lanes are sums of floats. */
MG_INLINE float mg_hf_sum(mg_hf a) { return mg_vf_sum(mg_vf_add(mg_hf_low(a), mg_hf_high(a))); }
MG_INLINE mg_f16 mg_hf_hmax(mg_hf a) { return vmaxvq_f16(a); }
MG_INLINE mg_f16 mg_hf_hmin(mg_hf a) { return vminvq_f16(a); }

MG_INLINE mg_hx mg_hx_load(const mg_f16 *p) { return vld1q_f16(p); }
/* The machine takes the factor x from the lower 16 registers only. GCC 12 copies lanes to vectors instead. */
#ifdef __clang__
#define mg_hf_fma_x(acc, w, x, l) vfmaq_laneq_f16(acc, w, x, l)
#else
#define mg_hf_fma_x(acc, w, x, l)                                                                      \
    __extension__({                                                                                    \
        mg_hf mg_sum = acc;                                                                            \
        __asm__("fmla %0.8h, %1.8h, %2.h[" #l "]" : "+w"(mg_sum) : "w"(w), "x"(x));                    \
        mg_sum;                                                                                        \
    })
#endif

/* Neighbouring vectors; the pointer moves past them (neon64.h says why its value is hidden). */
MG_INLINE mg_hf mg_hf_next(const mg_f16 **p) { return vld1q_f16((*p += 8) - 8); }
MG_INLINE mg_hf3 mg_hf_next3(const mg_f16 **p) { return vld1q_f16_x3((*p += 24) - 24); }
MG_INLINE mg_hf4 mg_hx_step4(const mg_f16 **p, ptrdiff_t by)
{
    const mg_hf4 v = vld1q_f16_x4(*p);
    *p = (const void *)((const char *)*p + by);
    __asm__("" : "+r"(*p));
    return v;
}
MG_INLINE mg_hf4 mg_hf_next4(const mg_f16 **p) { return mg_hx_step4(p, 64); }
MG_INLINE mg_hf4 mg_hx_next4(const mg_f16 **p) { return mg_hx_step4(p, 64); }
MG_INLINE mg_hf3 mg_hx_step3(const mg_f16 **p, ptrdiff_t by)
{
    const mg_hf3 v = vld1q_f16_x3(*p);
    *p = (const void *)((const char *)*p + by);
    __asm__("" : "+r"(*p));
    return v;
}
MG_INLINE mg_hf2 mg_hx_step2(const mg_f16 **p, ptrdiff_t by)
{
    const mg_hf2 v = vld1q_f16_x2(*p);
    *p = (const void *)((const char *)*p + by);
    __asm__("" : "+r"(*p));
    return v;
}
MG_INLINE void mg_hf_put4(mg_f16 **p, mg_hf a, mg_hf b, mg_hf c, mg_hf d)
{
    const mg_hf4 v = {{a, b, c, d}};
    vst1q_f16_x4(*p, v);
    *p += 32;
    __asm__("" : "+r"(*p));
}
#endif
