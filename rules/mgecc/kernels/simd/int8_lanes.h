/* Numbers of 8 bits in lanes of 32: loads, stores, rounding, products channel by channel, padded rows.
 *
 * mg_vb_load_s8, mg_vb_load_u8: MG_VF bytes, widened.  mg_vb_store: the low bytes.
 * mg_vi_round: nearest integer, halves away from zero, for magnitudes below 2^22.
 * mg_vd: MG_VF channels of one pixel, mg_vd4: of four pixels one behind the other, both ready to be multiplied.
 * mg_vi_mac(acc, x, l, w): acc + pixel l of x times w. Here all of it follows from
 * the vocabulary of scalar.h, for any number of lanes; an ISA that knows better has int8_lanes_<isa>.h. */
#ifndef MG_INT8_LANES_H
#define MG_INT8_LANES_H
#include "words.h"

MG_INLINE mg_vi mg_vb_load_s8(const void *p)
{
    int32_t wide[MG_VF];
    for (int l = 0; l < MG_VF; ++l) wide[l] = ((const int8_t *)p)[l];
    return mg_vi_load(wide);
}

MG_INLINE mg_vi mg_vb_load_u8(const void *p)
{
    int32_t wide[MG_VF];
    for (int l = 0; l < MG_VF; ++l) wide[l] = ((const uint8_t *)p)[l];
    return mg_vi_load(wide);
}

MG_INLINE void mg_vb_store(void *p, mg_vi a)
{
    int32_t wide[MG_VF];
    mg_vi_store(wide, a);
    for (int l = 0; l < MG_VF; ++l) ((uint8_t *)p)[l] = (uint8_t)wide[l];
}

MG_INLINE mg_vi mg_vi_round(mg_vf a) { return mg_vi_from_vf(mg_vf_add(a, mg_vf_copysign(mg_vf_set1(0.49999997f), a))); }

typedef mg_vi mg_vd;
MG_INLINE mg_vd mg_vd_load(const int16_t *p)
{
    int32_t wide[MG_VF];
    for (int l = 0; l < MG_VF; ++l) wide[l] = p[l];
    return mg_vi_load(wide);
}

/* A pixel has four channels at least. */
typedef struct { mg_vi at[4]; } mg_vd4;
MG_INLINE mg_vd4 mg_vd4_load(const int8_t *p)
{
    const int pixel = MG_VF < 4 ? 4 : MG_VF;
    return (mg_vd4){{mg_vb_load_s8(p), mg_vb_load_s8(p + pixel), mg_vb_load_s8(p + 2 * pixel), mg_vb_load_s8(p + 3 * pixel)}};
}
#define mg_vi_mac(acc, x, l, w) mg_vi_add(acc, mg_vi_mul((x).at[l], w))

#include "padding.h"
#endif
