/* Numbers of 8 bits in lanes of 32, AVX2. Vocabulary: int8_lanes.h. */
#ifndef MG_INT8_LANES_H
#define MG_INT8_LANES_H
#include "words.h"

typedef mg_vi mg_vd;
MG_INLINE mg_vi mg_vb_load_s8(const void *p) { return _mm256_cvtepi8_epi32(_mm_loadl_epi64(p)); }
MG_INLINE mg_vi mg_vb_load_u8(const void *p) { return _mm256_cvtepu8_epi32(_mm_loadl_epi64(p)); }
MG_INLINE mg_vd mg_vd_load(const int16_t *p) { return _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)p)); }
#define mg_madd_epi16 _mm256_madd_epi16
MG_INLINE void mg_vb_store(void *p, mg_vi a)
{
    a = _mm256_and_si256(a, _mm256_set1_epi32(255));
    __m128i b = _mm_packus_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    _mm_storel_epi64(p, _mm_packus_epi16(b, b));
}

#include "int8_lanes_x86.h"

#include "padding.h"
#endif
