/* Vectors that hold some channels 2 or 4 times, AVX2. */
#ifndef MG_FOLD_H
#define MG_FOLD_H
/* 2 or 4 numbers, in every part of a vector. */
MG_INLINE mg_vf mg_vf_set2(const float *p)
{
    const __m128d two = _mm_castsi128_pd(_mm_loadl_epi64((const __m128i *)(const void *)p));
    return _mm256_castpd_ps(_mm256_broadcastsd_pd(two));
}
MG_INLINE mg_vf mg_vf_set4(const float *p) { return _mm256_broadcast_ps((const __m128 *)(const void *)p); }

/* Sums of neighbouring pairs of a, then of b. */
MG_INLINE mg_vf mg_vf_reduce2_both(mg_vf a, mg_vf b)
{
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(_mm256_hadd_ps(a, b)), 0xd8));
}
#include "lane_reduce_x86.h"
#endif
