/* Numbers of 8 bits in lanes of 32 with Helium, whose loads widen and whose stores narrow. Vocabulary: int8_lanes.h. */
#ifndef MG_INT8_LANES_H
#define MG_INT8_LANES_H
#include "words.h"

MG_INLINE mg_vi mg_vb_load_s8(const void *p) { return vldrbq_s32(p); }
MG_INLINE mg_vi mg_vb_load_u8(const void *p) { return vreinterpretq_s32_u32(vldrbq_u32(p)); }
MG_INLINE void mg_vb_store(void *p, mg_vi a) { vstrbq_s32(p, a); }
MG_INLINE mg_vi mg_vi_round(mg_vf a) { return vcvtaq_s32_f32(a); }
typedef mg_vi mg_vd;
MG_INLINE mg_vd mg_vd_load(const int16_t *p) { return vldrhq_s32(p); }

typedef struct { const int8_t *p; } mg_vd4;
MG_INLINE mg_vd4 mg_vd4_load(const int8_t *p) { return (mg_vd4){p}; }
#define mg_vi_mac(acc, x, l, w) vaddq_s32(acc, vmulq_s32(mg_vb_load_s8((x).p + 4 * (l)), w))

#include "padding.h"
#endif
