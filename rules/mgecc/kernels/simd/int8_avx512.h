/* Products of 8-bit numbers by widening, AVX-512. Vocabulary: int8.h. */
#ifndef MG_INT8_H
#define MG_INT8_H
#include "int8_lanes.h"

#define mg_widen(p) _mm512_cvtepi8_epi16(_mm256_loadu_si256(p))
#define mg_inputs(p) _mm512_cvtepi8_epi16(_mm256_set1_epi32(mg_word(p)))
#define mg_pairs(x, order) _mm512_shuffle_epi32(x, order)
#include "int8_x86.h"
#endif
