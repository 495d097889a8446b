/* Whole sums to bytes by fixed-point factors, AVX-512. Vocabulary: rescale.h. */
#ifndef MG_RESCALE_H
#define MG_RESCALE_H
#define MG_R(op) _mm512_##op
#define mg_wide(n) _mm512_set1_epi64(n)
#define mg_rescale_join(even, odd) _mm512_mask_blend_epi32(0xaaaa, even, odd)
#define mg_rescale_count(a, rest, half) _mm512_mask_add_epi32(a, _mm512_cmpgt_epi32_mask(rest, half), a, mg_vi_set1(1))
#include "rescale_x86.h"
#endif
