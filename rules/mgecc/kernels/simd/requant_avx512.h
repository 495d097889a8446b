/* From sums of products to stored numbers, AVX-512. See requant_numbers.h. */
#ifndef MG_REQUANT_H
#define MG_REQUANT_H
#define MG_W(op) _mm512_##op
MG_INLINE mg_vi mg_fixed_order(mg_vi a)
{
    return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), a);
}
#include "requant_x86.h"
#endif
