/* From sums of products to stored numbers of 8 bits, one rounding per operation as the meaning of the operators says:
 * real = sum * total [+ (z - z_zero) * z_unit], activation, real * inverse, nearest (halves away from zero), limits, zero.
 * MG_REQUANT_FIELDS, MG_REQUANT_LOAD: the same numbers once more, as the shorter way of the ISA wants them. */
#ifndef MG_REQUANT_NUMBERS_H
#define MG_REQUANT_NUMBERS_H
#include "int8_lanes.h"

/* Numbers in memory, in this order; limits are relative to the zero point. */
typedef struct {
    mg_vf total, inverse, low, high, z_unit;
    mg_vi zero, z_zero;
    MG_REQUANT_FIELDS
} mg_requant;

MG_INLINE mg_requant mg_requant_load(const float *q)
{
    mg_requant r;
    r.total = mg_vf_set1(q[0]), r.inverse = mg_vf_set1(q[1]), r.z_unit = mg_vf_set1(q[4]);
    r.low = mg_vf_set1(q[2]), r.high = mg_vf_set1(q[3]);
    r.zero = mg_vi_set1(mg_whole(q[5])), r.z_zero = mg_vi_set1(mg_whole(q[6]));
    MG_REQUANT_LOAD(r, q);
    return r;
}

MG_INLINE mg_vf mg_requant_real(mg_requant r, mg_vi sum) { return mg_vf_mul(mg_vf_from_vi(sum), r.total); }

MG_INLINE mg_vf mg_requant_add(mg_requant r, mg_vf real, mg_vi z)
{
    return mg_vf_add(real, mg_vf_mul(mg_vf_from_vi(mg_vi_sub(z, r.z_zero)), r.z_unit));
}

MG_INLINE mg_vi mg_requant_store(mg_requant r, mg_vf real)
{
    mg_vf units = mg_vf_min(mg_vf_max(mg_vf_mul(real, r.inverse), r.low), r.high);
    return mg_vi_add(mg_vi_round(units), r.zero);
}
#endif
