/* What the int8_lanes.h of the three x86 vector widths share: a product of 16-bit numbers beside zeros is one multiply-add
 * of pairs, mg_madd_epi16. */
#ifndef MG_INT8_LANES_X86_H
#define MG_INT8_LANES_X86_H
MG_INLINE mg_vi mg_vi_round(mg_vf a)
{
    mg_vf half = mg_vf_bits(mg_vi_or(mg_vi_and(mg_vi_bits(a), mg_vi_set1(INT32_MIN)), mg_vi_set1(0x3effffff)));
    return mg_vi_from_vf(mg_vf_add(a, half));
}

typedef struct { mg_vi at[4]; } mg_vd4;
MG_INLINE mg_vd4 mg_vd4_load(const int8_t *p)
{
    return (mg_vd4){{mg_vb_load_s8(p), mg_vb_load_s8(p + MG_VF), mg_vb_load_s8(p + 2 * MG_VF), mg_vb_load_s8(p + 3 * MG_VF)}};
}
#define mg_vi_mac(acc, x, l, w) mg_vi_add(acc, mg_madd_epi16((x).at[l], w))

/* Sixteen pixels of four channels from four planes, the bits of `flip` turned. */
#define MG_PLANES 16
MG_INLINE void mg_planes_join(int8_t *to, const int8_t *p0, const int8_t *p1, const int8_t *p2, const int8_t *p3, int flip)
{
    const __m128i turn = _mm_set1_epi8((char)flip);
    const __m128i x0 = _mm_loadu_si128((const void *)p0), x1 = _mm_loadu_si128((const void *)p1);
    const __m128i x2 = _mm_loadu_si128((const void *)p2), x3 = _mm_loadu_si128((const void *)p3);
    const __m128i a = _mm_unpacklo_epi8(x0, x1), b = _mm_unpackhi_epi8(x0, x1);
    const __m128i c = _mm_unpacklo_epi8(x2, x3), d = _mm_unpackhi_epi8(x2, x3);
    _mm_storeu_si128((void *)to, _mm_xor_si128(turn, _mm_unpacklo_epi16(a, c)));
    _mm_storeu_si128((void *)(to + 16), _mm_xor_si128(turn, _mm_unpackhi_epi16(a, c)));
    _mm_storeu_si128((void *)(to + 32), _mm_xor_si128(turn, _mm_unpacklo_epi16(b, d)));
    _mm_storeu_si128((void *)(to + 48), _mm_xor_si128(turn, _mm_unpackhi_epi16(b, d)));
}
#endif
