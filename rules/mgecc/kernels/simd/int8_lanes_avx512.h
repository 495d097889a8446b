/* Numbers of 8 bits in lanes of 32, AVX-512. Vocabulary: int8_lanes.h. */
#ifndef MG_INT8_LANES_H
#define MG_INT8_LANES_H
#include "words.h"

typedef mg_vi mg_vd;
MG_INLINE mg_vi mg_vb_load_s8(const void *p) { return _mm512_cvtepi8_epi32(_mm_loadu_si128(p)); }
MG_INLINE mg_vi mg_vb_load_u8(const void *p) { return _mm512_cvtepu8_epi32(_mm_loadu_si128(p)); }
MG_INLINE mg_vd mg_vd_load(const int16_t *p) { return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p)); }
#define mg_madd_epi16 _mm512_madd_epi16
MG_INLINE void mg_vb_store(void *p, mg_vi a) { _mm_storeu_si128(p, _mm512_cvtepi32_epi8(a)); }

#include "int8_lanes_x86.h"

#include "padding.h"
#endif
