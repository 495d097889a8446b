/* Numbers of half precision, stored as their 16 bits: read as float32 lanes and rounded back, to nearest and ties to even.
 * Every half is a float32, denormals, infinities and not-a-number included; what is larger than the halves becomes infinite.
 * On 32-bit Arm, float32 denormals become zero on the way, and so they do in half precision. */
#ifndef MG_HALF_H
#define MG_HALF_H

#if MG_VF == 16 && defined(__AVX512F__)
MG_INLINE mg_vf mg_vf_load_f16(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}

MG_INLINE void mg_vf_store_f16(uint16_t *p, mg_vf a)
{
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
#elif MG_VF == 8 && defined(__F16C__)
MG_INLINE mg_vf mg_vf_load_f16(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
}

MG_INLINE void mg_vf_store_f16(uint16_t *p, mg_vf a)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}
#elif MG_VF == 4 && defined(__aarch64__)
MG_INLINE mg_vf mg_vf_load_f16(const uint16_t *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
MG_INLINE void mg_vf_store_f16(uint16_t *p, mg_vf a) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(a))); }
#elif MG_VF == 4 && defined(__ARM_NEON) && (__ARM_FP & 2)
/* By name: compilers declare these intrinsics only when told the format of halves. */
MG_INLINE mg_vf mg_vf_load_f16(const uint16_t *p)
{
    mg_vf r;
    __asm__("vcvt.f32.f16 %q0, %P1" : "=w"(r) : "w"(vld1_u16(p)));
    return r;
}

MG_INLINE void mg_vf_store_f16(uint16_t *p, mg_vf a)
{
    uint16x4_t r;
    __asm__("vcvt.f16.f32 %P0, %q1" : "=w"(r) : "w"(a));
    vst1_u16(p, r);
}
#elif MG_VF == 1 && defined(__arm__) && defined(__ARM_FP) && (__ARM_FP & 2)
MG_INLINE mg_vf mg_vf_load_f16(const uint16_t *p)
{
    mg_vf r = mg_vf_bits(*p);
    __asm__("vcvtb.f32.f16 %0, %0" : "+t"(r));
    return r;
}

MG_INLINE void mg_vf_store_f16(uint16_t *p, mg_vf a)
{
    mg_vf r = a;
    __asm__("vcvtb.f16.f32 %0, %0" : "+t"(r));
    *p = (uint16_t)mg_vi_bits(r);
}
#else
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

#if MG_VF == 4 && defined(__ARM_NEON)
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
#endif

/* 0 < n < MG_VF halves; the other lanes are zero. */
MG_INLINE mg_vf mg_vf_load_f16_part(const uint16_t *p, int n)
{
    uint16_t lanes[MG_VF] = {0};
    for (int l = 0; l < n; ++l) lanes[l] = p[l];
    return mg_vf_load_f16(lanes);
}

MG_INLINE void mg_vf_store_f16_part(uint16_t *p, mg_vf a, int n)
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
