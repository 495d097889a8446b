/* What NEON and Helium have under the same names (Arm C Language Extensions): four lanes of 128-bit registers. */
#define MG_VF 4
#define MG_XL 4
typedef float32x4_t mg_vf;
typedef int32x4_t mg_vi;

MG_INLINE mg_vf mg_vf_zero(void) { return vdupq_n_f32(0.0f); }
MG_INLINE mg_vf mg_vf_set1(float a) { return vdupq_n_f32(a); }
MG_INLINE mg_vf mg_vf_load(const float *p) { return vld1q_f32(p); }
MG_INLINE void mg_vf_store(float *p, mg_vf a) { vst1q_f32(p, a); }
MG_INLINE mg_vi mg_vi_zero(void) { return vdupq_n_s32(0); }
MG_INLINE mg_vi mg_vi_set1(int32_t a) { return vdupq_n_s32(a); }
MG_INLINE mg_vi mg_vi_load(const int32_t *p) { return vld1q_s32(p); }
MG_INLINE void mg_vi_store(int32_t *p, mg_vi a) { vst1q_s32(p, a); }

MG_INLINE mg_vi mg_vi_bits(mg_vf a) { return vreinterpretq_s32_f32(a); }
MG_INLINE mg_vf mg_vf_bits(mg_vi a) { return vreinterpretq_f32_s32(a); }
MG_INLINE mg_vi mg_vi_from_vf(mg_vf a) { return vcvtq_s32_f32(a); }
MG_INLINE mg_vf mg_vf_from_vi(mg_vi a) { return vcvtq_f32_s32(a); }

MG_INLINE mg_vf mg_vf_add(mg_vf a, mg_vf b) { return vaddq_f32(a, b); }
MG_INLINE mg_vf mg_vf_sub(mg_vf a, mg_vf b) { return vsubq_f32(a, b); }
MG_INLINE mg_vf mg_vf_mul(mg_vf a, mg_vf b) { return vmulq_f32(a, b); }
MG_INLINE mg_vf mg_vf_neg(mg_vf a) { return vnegq_f32(a); }
MG_INLINE mg_vf mg_vf_abs(mg_vf a) { return vabsq_f32(a); }
MG_INLINE mg_vf mg_vf_fma(mg_vf acc, mg_vf a, mg_vf b) { return vfmaq_f32(acc, a, b); }
MG_INLINE mg_vf mg_vf_fms(mg_vf acc, mg_vf a, mg_vf b) { return vfmsq_f32(acc, a, b); }

MG_INLINE mg_vi mg_vi_add(mg_vi a, mg_vi b) { return vaddq_s32(a, b); }
MG_INLINE mg_vi mg_vi_sub(mg_vi a, mg_vi b) { return vsubq_s32(a, b); }
MG_INLINE mg_vi mg_vi_mul(mg_vi a, mg_vi b) { return vmulq_s32(a, b); }
MG_INLINE mg_vi mg_vi_min(mg_vi a, mg_vi b) { return vminq_s32(a, b); }
MG_INLINE mg_vi mg_vi_max(mg_vi a, mg_vi b) { return vmaxq_s32(a, b); }
MG_INLINE mg_vi mg_vi_and(mg_vi a, mg_vi b) { return vandq_s32(a, b); }
MG_INLINE mg_vi mg_vi_or(mg_vi a, mg_vi b) { return vorrq_s32(a, b); }
MG_INLINE mg_vi mg_vi_xor(mg_vi a, mg_vi b) { return veorq_s32(a, b); }
