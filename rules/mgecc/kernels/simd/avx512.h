/* x86-64-v4: 16 lanes with fused multiply-add and lane masks. Vocabulary: scalar.h. */
#ifndef MG_AVX512_H
#define MG_AVX512_H
#include "common.h"
#include <immintrin.h>

#define MG_VF 16
typedef __m512 mg_vf;
typedef __m512i mg_vi;
typedef __mmask16 mg_vm;
#define MG_P(op) _mm512_##op##_ps
#define MG_I(op) _mm512_##op##_epi32
#define MG_S(op) _mm512_##op##_si512
#define MG_TO_I(a) _mm512_castps_si512(a)
#define MG_TO_F(a) _mm512_castsi512_ps(a)
#define MG_ROUND(a, mode) _mm512_roundscale_ps(a, mode)
/* Rows 0, 4, 8, ..., each in a quarter of the vector or more. */
#define MG_EVERY4(rows, at)                                                                                     \
    _mm512_insertf32x8(_mm512_castps256_ps512(_mm256_loadu2_m128((rows)[4] + (at), (rows)[0] + (at))),             \
                       _mm256_loadu2_m128((rows)[12] + (at), (rows)[8] + (at)), 1)
#include "x86.h"

/* Ones for the first n lanes. */
MG_INLINE mg_vm mg_first(int n) { return (mg_vm)((1u << n) - 1u); }

MG_INLINE mg_vf mg_vf_load_tail(const float *p, int n) { return _mm512_maskz_loadu_ps(mg_first(n), p); }
MG_INLINE void mg_vf_store_tail(float *p, mg_vf a, int n) { _mm512_mask_storeu_ps(p, mg_first(n), a); }
MG_INLINE mg_vi mg_vi_load_tail(const int32_t *p, int n) { return _mm512_maskz_loadu_epi32(mg_first(n), p); }
MG_INLINE void mg_vi_store_tail(int32_t *p, mg_vi a, int n) { _mm512_mask_storeu_epi32(p, mg_first(n), a); }

MG_INLINE mg_vm mg_vf_lt(mg_vf a, mg_vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
MG_INLINE mg_vm mg_vf_le(mg_vf a, mg_vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
MG_INLINE mg_vm mg_vf_eq(mg_vf a, mg_vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
/* a where it is not a number. */
MG_INLINE mg_vf mg_vf_min_nan(mg_vf a, mg_vf b) { return _mm512_mask_min_ps(a, mg_vf_eq(a, a), a, b); }
MG_INLINE mg_vf mg_vf_max_nan(mg_vf a, mg_vf b) { return _mm512_mask_max_ps(a, mg_vf_eq(a, a), a, b); }
MG_INLINE mg_vm mg_vi_lt(mg_vi a, mg_vi b) { return _mm512_cmplt_epi32_mask(a, b); }
MG_INLINE mg_vm mg_vi_eq(mg_vi a, mg_vi b) { return _mm512_cmpeq_epi32_mask(a, b); }
MG_INLINE mg_vm mg_vm_and(mg_vm a, mg_vm b) { return (mg_vm)(a & b); }
MG_INLINE mg_vm mg_vm_or(mg_vm a, mg_vm b) { return (mg_vm)(a | b); }
MG_INLINE mg_vm mg_vm_not(mg_vm a) { return (mg_vm)~a; }
MG_INLINE mg_vf mg_vf_sel(mg_vm m, mg_vf a, mg_vf b) { return _mm512_mask_blend_ps(m, b, a); }
MG_INLINE mg_vi mg_vi_sel(mg_vm m, mg_vi a, mg_vi b) { return _mm512_mask_blend_epi32(m, b, a); }

#define MG_FOLD16(op, a) mg_##op##8(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1))
#define MG_FOLD8(op, a) mg_##op##4(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1))
MG_INLINE __m256 mg_add8(__m256 a, __m256 b) { return _mm256_add_ps(a, b); }
MG_INLINE __m256 mg_min8(__m256 a, __m256 b) { return _mm256_or_ps(_mm256_min_ps(a, b), _mm256_cmp_ps(a, b, _CMP_UNORD_Q)); }
MG_INLINE __m256 mg_max8(__m256 a, __m256 b) { return _mm256_or_ps(_mm256_max_ps(a, b), _mm256_cmp_ps(a, b, _CMP_UNORD_Q)); }
MG_INLINE float mg_vf_sum(mg_vf a) { return mg_sum_of4(MG_FOLD8(add, MG_FOLD16(add, a))); }
/* Lanes 0 to 3: the sums of a to d. The others hold anything. */
MG_INLINE mg_vf mg_vf_sum4(mg_vf a, mg_vf b, mg_vf c, mg_vf d)
{
    const __m256 e = MG_FOLD16(add, a), f = MG_FOLD16(add, b), g = MG_FOLD16(add, c), h = MG_FOLD16(add, d);
    return _mm512_castps128_ps512(mg_sums4(MG_FOLD8(add, e), MG_FOLD8(add, f), MG_FOLD8(add, g), MG_FOLD8(add, h)));
}
MG_INLINE float mg_vf_hmax(mg_vf a) { return mg_max_of4(MG_FOLD8(max, MG_FOLD16(max, a))); }
MG_INLINE float mg_vf_hmin(mg_vf a) { return mg_min_of4(MG_FOLD8(min, MG_FOLD16(min, a))); }

#include "derived.h"
#endif
