/* Numbers of 8 bits in lanes of 32, one at a time. Vocabulary: int8_lanes.h. */
#ifndef MG_INT8_LANES_H
#define MG_INT8_LANES_H
#include "words.h"

MG_INLINE mg_vi mg_vb_load_s8(const void *p) { return *(const int8_t *)p; }
MG_INLINE mg_vi mg_vb_load_u8(const void *p) { return *(const uint8_t *)p; }
MG_INLINE void mg_vb_store(void *p, mg_vi a) { *(uint8_t *)p = (uint8_t)a; }
MG_INLINE mg_vi mg_vi_round(mg_vf a) { return mg_whole(a + __builtin_copysignf(0.49999997f, a)); }
typedef mg_vi mg_vd;
MG_INLINE mg_vd mg_vd_load(const int16_t *p) { return *p; }

typedef struct { mg_vi at[4]; } mg_vd4;

/* The four numbers are one channel of four pixels. */
MG_INLINE mg_vd4 mg_vd4_load(const int8_t *p) { return (mg_vd4){{p[0], p[4], p[8], p[12]}}; }
#define mg_vi_mac(acc, x, l, w) mg_vi_add(acc, mg_vi_mul((x).at[l], w))

#include "padding.h"
#endif
