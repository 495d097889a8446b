/* Whole sums to bytes by fixed-point factors, AVX2. Vocabulary: rescale.h. */
#ifndef MG_RESCALE_H
#define MG_RESCALE_H
#define MG_R(op) _mm256_##op
#define mg_wide(n) _mm256_set1_epi64x(n)
#define mg_rescale_join(even, odd) _mm256_blend_epi32(even, odd, 0xaa)
#define mg_rescale_count(a, rest, half) _mm256_sub_epi32(a, _mm256_cmpgt_epi32(rest, half))
#include "rescale_x86.h"
#endif
