/* What the int8.h of the three x86 vector widths share. Weights: [pair of inputs][output][input]. */
#ifndef MG_INT8_X86_H
#define MG_INT8_X86_H
typedef struct { mg_vi at[2]; } mg_vq;
MG_INLINE mg_vq mg_vq_load(const int8_t *p)
{
    return (mg_vq){{mg_widen((const void *)p), mg_widen((const void *)(p + 2 * MG_VF))}};
}
MG_INLINE mg_vi mg_vq_dot(mg_vi acc, mg_vq w, const int8_t *p)
{
    mg_vi x = mg_inputs(p);
    acc = mg_vi_add(acc, mg_madd_epi16(w.at[0], mg_pairs(x, 0xa0)));
    return mg_vi_add(acc, mg_madd_epi16(w.at[1], mg_pairs(x, 0xf5)));
}

#include "int8_inputs.h"
#endif
