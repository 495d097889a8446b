/* Vectors that hold some channels 2 or 4 times, each for an input of its own, with AVX2 and AVX-512. */
#ifndef MG_FOLD_H
#define MG_FOLD_H

/* 2 or 4 numbers, in every part of a vector. */
MG_INLINE mg_vf mg_vf_set2(const float *p)
{
    const __m128d two = _mm_castsi128_pd(_mm_loadl_epi64((const __m128i *)(const void *)p));
#if MG_VF == 16
    return _mm512_castpd_ps(_mm512_broadcastsd_pd(two));
#else
    return _mm256_castpd_ps(_mm256_broadcastsd_pd(two));
#endif
}
MG_INLINE mg_vf mg_vf_set4(const float *p)
{
#if MG_VF == 16
    return _mm512_broadcast_f32x4(_mm_loadu_ps(p));
#else
    return _mm256_broadcast_ps((const __m128 *)(const void *)p);
#endif
}

/* Inputs l * 2 (l * 4) and following times a vector of their weights. */
#define mg_vf_fma_x2(acc, w, x, l) mg_vf_fma(acc, w, mg_vf_set2((x) + 2 * (l)))
#define mg_vf_fma_x4(acc, w, x, l) mg_vf_fma(acc, w, mg_vf_set4((x) + 4 * (l)))

/* Sums of neighbouring pairs of a, then of b. */
MG_INLINE mg_vf mg_vf_fold2_both(mg_vf a, mg_vf b)
{
#if MG_VF == 16
    const mg_vi even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    a = mg_vf_add(a, MG_P(permute)(a, 0xb1));
    b = mg_vf_add(b, MG_P(permute)(b, 0xb1));
    return _mm512_permutex2var_ps(a, even, b);
#else
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(_mm256_hadd_ps(a, b)), 0xd8));
#endif
}

/* Sums of neighbouring pairs (fours) in the first lanes, zeros behind them. */
MG_INLINE mg_vf mg_vf_fold2(mg_vf a) { return mg_vf_fold2_both(a, mg_vf_zero()); }
MG_INLINE mg_vf mg_vf_fold4(mg_vf a) { return mg_vf_fold2(mg_vf_fold2(a)); }
#endif
