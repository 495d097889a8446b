/* Whole sums to bytes by fixed-point factors, a vector of channels at a time, for any ISA: see rescale_one.h. One that knows better
 * has rescale_<isa>.h. In memory, factors of a vector lie before its shifts. */
#ifndef MG_RESCALE_H
#define MG_RESCALE_H
#include "rescale_one.h"

typedef struct { int32_t factor[MG_VF], shift[MG_VF]; } mg_rescale;

MG_INLINE mg_rescale mg_rescale_load(const int32_t *p)
{
    mg_rescale f;
    __builtin_memcpy(&f, p, sizeof f);
    return f;
}

/* kind: + 4 where some shift is to the left. */
MG_INLINE mg_vi mg_rescale_lanes(int kind, mg_rescale f, mg_vi sums)
{
    int32_t wide[MG_VF];
    mg_vi_store(wide, sums);
    for (int l = 0; l < MG_VF; ++l) wide[l] = mg_rescale_sum(kind & 3, wide[l], f.factor[l], f.shift[l]);
    return mg_vi_load(wide);
}

#include "rescale_stores.h"
#endif
