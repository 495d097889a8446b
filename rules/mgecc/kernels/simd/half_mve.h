/* Numbers of half precision with Helium. Vocabulary: half.h. */
#ifndef MG_HALF_H
#define MG_HALF_H
MG_INLINE mg_vf mg_vf_load_f16(const uint16_t *p) { return vcvtbq_f32_f16(vreinterpretq_f16_u32(vldrhq_u32(p))); }
MG_INLINE void mg_vf_store_f16(uint16_t *p, mg_vf a)
{
    vstrhq_u32(p, vreinterpretq_u32_f16(vcvtbq_f16_f32(vreinterpretq_f16_u32(vdupq_n_u32(0)), a)));
}

#include "half_common.h"
#endif
