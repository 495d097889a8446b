/* From sums of products to stored numbers, AVX2. See requant_numbers.h. */
#ifndef MG_REQUANT_H
#define MG_REQUANT_H
#define MG_W(op) _mm256_##op
MG_INLINE mg_vi mg_fixed_order(mg_vi a) { return _mm256_permutevar8x32_epi32(a, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)); }
#include "requant_x86.h"
#endif
