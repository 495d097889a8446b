/* From sums of products to stored numbers, SSE4. See requant_numbers.h. */
#ifndef MG_REQUANT_H
#define MG_REQUANT_H
#define MG_W(op) _mm_##op
MG_INLINE mg_vi mg_fixed_order(mg_vi a) { return a; }
#include "requant_x86.h"
#endif
