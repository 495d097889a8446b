/* Numbers of half precision, one at a time. Vocabulary: half.h. */
#ifndef MG_HALF_H
#define MG_HALF_H
#if defined(__arm__) && defined(__ARM_FP) && (__ARM_FP & 2)
MG_INLINE mg_vf mg_vf_load_f16(const uint16_t *p)
{
    mg_vf r = mg_vf_bits(*p);
    __asm__("vcvtb.f32.f16 %0, %0" : "+t"(r));
    return r;
}

MG_INLINE void mg_vf_store_f16(uint16_t *p, mg_vf a)
{
    mg_vf r = a;
    __asm__("vcvtb.f16.f32 %0, %0" : "+t"(r));
    *p = (uint16_t)mg_vi_bits(r);
}
#else
#include "half_integers.h"
#endif

#include "half_common.h"
#endif
