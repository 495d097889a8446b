/* Products of 8-bit numbers by widening, AVX2. Vocabulary: int8.h. */
#ifndef MG_INT8_H
#define MG_INT8_H
#include "int8_lanes.h"

#define mg_widen(p) _mm256_cvtepi8_epi16(_mm_loadu_si128(p))
#define mg_inputs(p) _mm256_cvtepi8_epi16(_mm_set1_epi32(mg_word(p)))
#define mg_pairs(x, order) _mm256_shuffle_epi32(x, order)
#include "int8_x86.h"
#endif
