/* Numbers of half precision, AVX-512. Vocabulary: half.h. */
#ifndef MG_HALF_H
#define MG_HALF_H
MG_INLINE mg_vf mg_vf_load_f16(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}

MG_INLINE void mg_vf_store_f16(uint16_t *p, mg_vf a)
{
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

#include "half_common.h"
#endif
