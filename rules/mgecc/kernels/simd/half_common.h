/* What follows from mg_vf_load_f16 and mg_vf_store_f16. */
#ifndef MG_HALF_COMMON_H
#define MG_HALF_COMMON_H
/* 0 < n < MG_VF halves; the other lanes are zero. */
MG_INLINE mg_vf mg_vf_load_f16_tail(const uint16_t *p, int n)
{
    uint16_t lanes[MG_VF] = {0};
    for (int l = 0; l < n; ++l) lanes[l] = p[l];
    return mg_vf_load_f16(lanes);
}

MG_INLINE void mg_vf_store_f16_tail(uint16_t *p, mg_vf a, int n)
{
    uint16_t lanes[MG_VF];
    mg_vf_store_f16(lanes, a);
    for (int l = 0; l < n; ++l) p[l] = lanes[l];
}

/* All lanes the same half. */
MG_INLINE mg_vf mg_vf_set1_f16(uint16_t bits)
{
    uint16_t lanes[MG_VF];
    for (int l = 0; l < MG_VF; ++l) lanes[l] = bits;
    return mg_vf_load_f16(lanes);
}

MG_INLINE float mg_f16_value(uint16_t bits)
{
    float lanes[MG_VF];
    mg_vf_store(lanes, mg_vf_set1_f16(bits));
    return lanes[0];
}

/* Rounded to half precision, still float32. */
MG_INLINE mg_vf mg_vf_half(mg_vf a)
{
    uint16_t lanes[MG_VF];
    mg_vf_store_f16(lanes, a);
    return mg_vf_load_f16(lanes);
}
#endif
