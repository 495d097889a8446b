/* x86-64-v2: 4 lanes, SSE4.1 rounding and integer minimum, no fused multiply-add. Vocabulary: scalar.h. */
#ifndef MG_SSE2_H
#define MG_SSE2_H
#include "common.h"
#include <immintrin.h>

#define MG_VF 4
typedef __m128 mg_vf;
typedef __m128i mg_vi;
typedef __m128 mg_vm;
#define MG_P(op) _mm_##op##_ps
#define MG_I(op) _mm_##op##_epi32
#define MG_S(op) _mm_##op##_si128
#define MG_TO_I(a) _mm_castps_si128(a)
#define MG_TO_F(a) _mm_castsi128_ps(a)
#define MG_ROUND(a, mode) _mm_round_ps(a, mode)
/* Rows 0, 4, 8, ..., each in a quarter of the vector or more. */
#define MG_EVERY4(rows, at) _mm_loadu_ps((rows)[0] + (at))
#include "x86.h"

MG_INLINE mg_vi mg_vi_load_tail(const int32_t *p, int n)
{
    if (n == 1) return _mm_cvtsi32_si128(*p);
    mg_vi low = _mm_loadl_epi64((const __m128i *)(const void *)p);
    return n == 2 ? low : _mm_unpacklo_epi64(low, _mm_cvtsi32_si128(p[2]));
}

MG_INLINE void mg_vi_store_tail(int32_t *p, mg_vi a, int n)
{
    if (n >= 2) {
        _mm_storel_epi64((__m128i *)(void *)p, a);
        a = _mm_unpackhi_epi64(a, a);
        p += 2;
    }
    if (n & 1) *p = _mm_cvtsi128_si32(a);
}

MG_INLINE mg_vf mg_vf_load_tail(const float *p, int n)
{
    if (n == 1) return _mm_load_ss(p);
    mg_vf low = _mm_castsi128_ps(_mm_loadl_epi64((const __m128i *)(const void *)p));
    return n == 2 ? low : _mm_movelh_ps(low, _mm_load_ss(p + 2));
}

MG_INLINE void mg_vf_store_tail(float *p, mg_vf a, int n)
{
    if (n >= 2) {
        _mm_storel_epi64((__m128i *)(void *)p, MG_TO_I(a));
        a = _mm_movehl_ps(a, a);
        p += 2;
    }
    if (n & 1) _mm_store_ss(p, a);
}

MG_INLINE mg_vm mg_vf_lt(mg_vf a, mg_vf b) { return _mm_cmplt_ps(a, b); }
MG_INLINE mg_vm mg_vf_le(mg_vf a, mg_vf b) { return _mm_cmple_ps(a, b); }
MG_INLINE mg_vm mg_vf_eq(mg_vf a, mg_vf b) { return _mm_cmpeq_ps(a, b); }
MG_INLINE mg_vf mg_vf_min_nan(mg_vf a, mg_vf b) { return mg_min4(a, b); }
MG_INLINE mg_vf mg_vf_max_nan(mg_vf a, mg_vf b) { return mg_max4(a, b); }
MG_INLINE mg_vm mg_vi_lt(mg_vi a, mg_vi b) { return MG_TO_F(_mm_cmplt_epi32(a, b)); }
MG_INLINE mg_vm mg_vi_eq(mg_vi a, mg_vi b) { return MG_TO_F(_mm_cmpeq_epi32(a, b)); }
MG_INLINE mg_vm mg_vm_and(mg_vm a, mg_vm b) { return _mm_and_ps(a, b); }
MG_INLINE mg_vm mg_vm_or(mg_vm a, mg_vm b) { return _mm_or_ps(a, b); }
MG_INLINE mg_vm mg_vm_not(mg_vm a) { return MG_TO_F(mg_vi_xor(MG_TO_I(a), mg_vi_set1(-1))); }
MG_INLINE mg_vf mg_vf_sel(mg_vm m, mg_vf a, mg_vf b) { return _mm_blendv_ps(b, a, m); }
MG_INLINE mg_vi mg_vi_sel(mg_vm m, mg_vi a, mg_vi b) { return _mm_blendv_epi8(b, a, MG_TO_I(m)); }

MG_INLINE float mg_vf_sum(mg_vf a) { return mg_sum_of4(a); }
/* Lanes 0 to 3: the sums of a to d. */
MG_INLINE mg_vf mg_vf_sum4(mg_vf a, mg_vf b, mg_vf c, mg_vf d) { return mg_sums4(a, b, c, d); }
MG_INLINE float mg_vf_hmax(mg_vf a) { return mg_max_of4(a); }
MG_INLINE float mg_vf_hmin(mg_vf a) { return mg_min_of4(a); }

#include "derived.h"
#endif
