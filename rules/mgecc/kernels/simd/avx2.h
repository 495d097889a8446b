/* x86-64-v3: 8 lanes with fused multiply-add. Vocabulary: scalar.h. */
#ifndef MG_AVX2_H
#define MG_AVX2_H
#include "common.h"
#include <immintrin.h>

#define MG_VF 8
typedef __m256 mg_vf;
typedef __m256i mg_vi;
typedef __m256 mg_vm;
#define MG_P(op) _mm256_##op##_ps
#define MG_I(op) _mm256_##op##_epi32
#define MG_S(op) _mm256_##op##_si256
#define MG_TO_I(a) _mm256_castps_si256(a)
#define MG_TO_F(a) _mm256_castsi256_ps(a)
#define MG_ROUND(a, mode) _mm256_round_ps(a, mode)
/* Rows 0, 4, 8, ..., each in a quarter of the vector or more. */
#define MG_EVERY4(rows, at) _mm256_loadu2_m128((rows)[4] + (at), (rows)[0] + (at))
#include "x86.h"

/* All ones in the first n lanes. */
MG_INLINE mg_vi mg_first(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

MG_INLINE mg_vf mg_vf_load_tail(const float *p, int n) { return _mm256_maskload_ps(p, mg_first(n)); }
MG_INLINE void mg_vf_store_tail(float *p, mg_vf a, int n) { _mm256_maskstore_ps(p, mg_first(n), a); }
MG_INLINE mg_vi mg_vi_load_tail(const int32_t *p, int n) { return _mm256_maskload_epi32(p, mg_first(n)); }
MG_INLINE void mg_vi_store_tail(int32_t *p, mg_vi a, int n) { _mm256_maskstore_epi32(p, mg_first(n), a); }

MG_INLINE mg_vm mg_vf_lt(mg_vf a, mg_vf b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
MG_INLINE mg_vm mg_vf_le(mg_vf a, mg_vf b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
MG_INLINE mg_vm mg_vf_eq(mg_vf a, mg_vf b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
/* All ones, which is not a number, where an operand is none. */
MG_INLINE mg_vf mg_unordered(mg_vf a, mg_vf b) { return _mm256_cmp_ps(a, b, _CMP_UNORD_Q); }
MG_INLINE mg_vf mg_vf_min_nan(mg_vf a, mg_vf b) { return _mm256_or_ps(mg_vf_min(a, b), mg_unordered(a, b)); }
MG_INLINE mg_vf mg_vf_max_nan(mg_vf a, mg_vf b) { return _mm256_or_ps(mg_vf_max(a, b), mg_unordered(a, b)); }
MG_INLINE mg_vm mg_vi_lt(mg_vi a, mg_vi b) { return MG_TO_F(_mm256_cmpgt_epi32(b, a)); }
MG_INLINE mg_vm mg_vi_eq(mg_vi a, mg_vi b) { return MG_TO_F(_mm256_cmpeq_epi32(a, b)); }
MG_INLINE mg_vm mg_vm_and(mg_vm a, mg_vm b) { return _mm256_and_ps(a, b); }
MG_INLINE mg_vm mg_vm_or(mg_vm a, mg_vm b) { return _mm256_or_ps(a, b); }
MG_INLINE mg_vm mg_vm_not(mg_vm a) { return MG_TO_F(mg_vi_xor(MG_TO_I(a), mg_vi_set1(-1))); }
MG_INLINE mg_vf mg_vf_sel(mg_vm m, mg_vf a, mg_vf b) { return _mm256_blendv_ps(b, a, m); }
MG_INLINE mg_vi mg_vi_sel(mg_vm m, mg_vi a, mg_vi b) { return _mm256_blendv_epi8(b, a, MG_TO_I(m)); }

#define MG_FOLD8(op, a) mg_##op##4(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1))
MG_INLINE float mg_vf_sum(mg_vf a) { return mg_sum_of4(MG_FOLD8(add, a)); }
/* Lanes 0 to 3: the sums of a to d. The others hold anything. */
MG_INLINE mg_vf mg_vf_sum4(mg_vf a, mg_vf b, mg_vf c, mg_vf d)
{
    return _mm256_castps128_ps256(mg_sums4(MG_FOLD8(add, a), MG_FOLD8(add, b), MG_FOLD8(add, c), MG_FOLD8(add, d)));
}
MG_INLINE float mg_vf_hmax(mg_vf a) { return mg_max_of4(MG_FOLD8(max, a)); }
MG_INLINE float mg_vf_hmin(mg_vf a) { return mg_min_of4(MG_FOLD8(min, a)); }

#include "derived.h"
#endif
