/* Numbers of half precision, 64-bit Arm. Vocabulary: half.h. */
#ifndef MG_HALF_H
#define MG_HALF_H
MG_INLINE mg_vf mg_vf_load_f16(const uint16_t *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
MG_INLINE void mg_vf_store_f16(uint16_t *p, mg_vf a) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(a))); }

#include "half_neon.h"
#endif
