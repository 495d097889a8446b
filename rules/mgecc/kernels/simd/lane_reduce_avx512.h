/* Vectors that hold some channels 2 or 4 times, AVX-512. */
#ifndef MG_FOLD_H
#define MG_FOLD_H
/* 2 or 4 numbers, in every part of a vector. */
MG_INLINE mg_vf mg_vf_set2(const float *p)
{
    const __m128d two = _mm_castsi128_pd(_mm_loadl_epi64((const __m128i *)(const void *)p));
    return _mm512_castpd_ps(_mm512_broadcastsd_pd(two));
}
MG_INLINE mg_vf mg_vf_set4(const float *p) { return _mm512_broadcast_f32x4(_mm_loadu_ps(p)); }

/* Sums of neighbouring pairs of a, then of b. */
MG_INLINE mg_vf mg_vf_reduce2_both(mg_vf a, mg_vf b)
{
    const mg_vi even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    a = mg_vf_add(a, MG_P(permute)(a, 0xb1));
    b = mg_vf_add(b, MG_P(permute)(b, 0xb1));
    return _mm512_permutex2var_ps(a, even, b);
}
#include "lane_reduce_x86.h"
#endif
