/* Products of 8-bit numbers by widening, for processors without a dot product.
 *
 * mg_vq: weights of MG_VF outputs times four inputs.  mg_q4: four inputs each of four pixels, `step` bytes apart;
 * mg_q1: of one pixel, lane 0 of it.  mg_vi_dot4(acc, w, x, l): acc + for every output the sum of pixel l's four products.
 * Here all of it follows from the vocabulary of scalar.h; an ISA that knows better has int8_<isa>.h. Order of the weights in
 * memory, `weight_order` of the ISA's record: here [input][output]. */
#ifndef MG_INT8_H
#define MG_INT8_H
#include "int8_lanes.h"

typedef struct { mg_vi at[4]; } mg_vq;
MG_INLINE mg_vq mg_vq_load(const int8_t *p)
{
    return (mg_vq){{mg_vb_load_s8(p), mg_vb_load_s8(p + MG_VF), mg_vb_load_s8(p + 2 * MG_VF), mg_vb_load_s8(p + 3 * MG_VF)}};
}
MG_INLINE mg_vi mg_vq_dot(mg_vi acc, mg_vq w, const int8_t *x)
{
    for (int i = 0; i < 4; i++) acc = mg_vi_add(acc, mg_vi_mul(w.at[i], mg_vi_set1(x[i])));
    return acc;
}

#include "int8_inputs.h"
#endif
