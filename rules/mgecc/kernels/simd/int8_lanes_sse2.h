/* Numbers of 8 bits in lanes of 32, SSE4. Vocabulary: int8_lanes.h. */
#ifndef MG_INT8_LANES_H
#define MG_INT8_LANES_H
#include "words.h"

typedef mg_vi mg_vd;
MG_INLINE mg_vi mg_vb_load_s8(const void *p) { return _mm_cvtepi8_epi32(_mm_cvtsi32_si128(mg_word(p))); }
MG_INLINE mg_vi mg_vb_load_u8(const void *p) { return _mm_cvtepu8_epi32(_mm_cvtsi32_si128(mg_word(p))); }
MG_INLINE mg_vd mg_vd_load(const int16_t *p) { return _mm_cvtepu16_epi32(_mm_loadl_epi64((const void *)p)); }
#define mg_madd_epi16 _mm_madd_epi16
MG_INLINE void mg_vb_store(void *p, mg_vi a)
{
    __m128i order = _mm_setr_epi8(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    mg_put_word(p, _mm_cvtsi128_si32(_mm_shuffle_epi8(a, order)));
}

#include "int8_lanes_x86.h"

#include "padding.h"
#endif
