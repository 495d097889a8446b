/* Halves to and from float32 by integers, for any ISA. */
#ifndef MG_HALF_INTEGERS_H
#define MG_HALF_INTEGERS_H
/* The significand moves by 13 bits, the exponent's bias by 112; denormals are whole numbers of 2^-24. */
MG_INLINE mg_vf mg_vf_load_f16(const uint16_t *p)
{
    int32_t wide[MG_VF];
    for (int l = 0; l < MG_VF; ++l) wide[l] = p[l];
    const mg_vi bits = mg_vi_load(wide), mag = mg_vi_and(bits, mg_vi_set1(0x7fff));
    const mg_vi sign = mg_vi_shl(mg_vi_xor(bits, mag), 16);
    const mg_vi rebias = mg_vi_sel(mg_vi_lt(mag, mg_vi_set1(0x7c00)), mg_vi_set1(112 << 23), mg_vi_set1(224 << 23));
    const mg_vi normal = mg_vi_add(mg_vi_shl(mag, 13), rebias);
    const mg_vf small = mg_vf_mul(mg_vf_from_vi(mag), mg_vf_set1(5.9604644775390625e-8f));
    const mg_vi r = mg_vi_sel(mg_vi_lt(mag, mg_vi_set1(0x400)), mg_vi_bits(small), normal);
    return mg_vf_bits(mg_vi_or(r, sign));
}

/* Adding 0.5 leaves the bits of a denormal half at the end of the significand, rounded by the addition itself. */
MG_INLINE void mg_vf_store_f16(uint16_t *p, mg_vf a)
{
    const mg_vi bits = mg_vi_bits(a), mag = mg_vi_and(bits, mg_vi_set1(INT32_MAX));
    const mg_vi odd = mg_vi_and(mg_vi_shr(mag, 13), mg_vi_set1(1));
    const mg_vi nearest = mg_vi_add(mag, mg_vi_add(odd, mg_vi_set1(0xfff - (112 << 23))));
    mg_vi r = mg_vi_min(mg_vi_shr(nearest, 13), mg_vi_set1(0x7c00));
    const mg_vi small = mg_vi_bits(mg_vf_add(mg_vf_bits(mag), mg_vf_set1(0.5f)));
    r = mg_vi_sel(mg_vi_lt(mag, mg_vi_set1(113 << 23)), mg_vi_sub(small, mg_vi_set1(0x3f000000)), r);
    r = mg_vi_sel(mg_vi_lt(mg_vi_set1(255 << 23), mag), mg_vi_set1(0x7e00), r);
    r = mg_vi_or(r, mg_vi_and(mg_vi_shr(bits, 16), mg_vi_set1(0x8000)));
    int32_t wide[MG_VF];
    mg_vi_store(wide, r);
    for (int l = 0; l < MG_VF; ++l) p[l] = (uint16_t)wide[l];
}
#endif
