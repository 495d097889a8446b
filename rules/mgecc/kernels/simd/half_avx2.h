/* Numbers of half precision, AVX2. Vocabulary: half.h. */
#ifndef MG_HALF_H
#define MG_HALF_H
#ifdef __F16C__
MG_INLINE mg_vf mg_vf_load_f16(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
}

MG_INLINE void mg_vf_store_f16(uint16_t *p, mg_vf a)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}
#else
#include "half_integers.h"
#endif

#include "half_common.h"
#endif
