/* What the half.h of both Arms share. */
#ifndef MG_HALF_NEON_H
#define MG_HALF_NEON_H
/* Neighbouring vectors; the pointer moves past them. */
MG_INLINE mg_vf mg_vf_next_f16(const uint16_t **p) { return mg_vf_load_f16((*p += 4) - 4); }

MG_INLINE mg_vf3 mg_vf_next3_f16(const uint16_t **p)
{
    const mg_vf3 v = {{mg_vf_load_f16(*p), mg_vf_load_f16(*p + 4), mg_vf_load_f16(*p + 8)}};
    *p += 12;
    return v;
}

MG_INLINE mg_vf4 mg_vf_next4_f16(const uint16_t **p)
{
    const uint16_t *h = *p;
    const mg_vf4 v = {{mg_vf_load_f16(h), mg_vf_load_f16(h + 4), mg_vf_load_f16(h + 8), mg_vf_load_f16(h + 12)}};
    *p = h + 16;
    return v;
}

#include "half_common.h"
#endif
