/* Numbers of 8 bits in lanes of 32: loads, stores, rounding, products channel by channel, padded rows. */
#ifndef MG_INT8_LANES_H
#define MG_INT8_LANES_H

/* Four bytes as one number; no alignment needed. For a freestanding compiler plain memcpy is a function like any other. */
MG_INLINE int32_t mg_word(const void *p) { int32_t r; __builtin_memcpy(&r, p, sizeof r); return r; }
MG_INLINE void mg_put_word(void *p, int32_t a) { __builtin_memcpy(p, &a, sizeof a); }

/* mg_vb_load_s8, mg_vb_load_u8: MG_VF bytes, widened.  mg_vb_store: the low bytes.
 * mg_vi_round: nearest integer, halves away from zero, for magnitudes below 2^22.
 * mg_vd: MG_VF channels of one pixel, mg_vd4: of four pixels one behind the other, both ready to be multiplied.
 * mg_vi_mac(acc, x, l, w): acc + pixel l of x times w. */
#if defined(MG_SCALAR_H)

MG_INLINE mg_vi mg_vb_load_s8(const void *p) { return *(const int8_t *)p; }
MG_INLINE mg_vi mg_vb_load_u8(const void *p) { return *(const uint8_t *)p; }
MG_INLINE void mg_vb_store(void *p, mg_vi a) { *(uint8_t *)p = (uint8_t)a; }
MG_INLINE mg_vi mg_vi_round(mg_vf a) { return mg_whole(a + __builtin_copysignf(0.49999997f, a)); }
typedef mg_vi mg_vd;
MG_INLINE mg_vd mg_vd_load(const int16_t *p) { return *p; }

#elif defined(MG_NEON32_H) || defined(MG_NEON64_H)

typedef struct { int16x8_t at[2]; } mg_vd4;
typedef int16x8_t mg_vd; /* the four weights twice: beside the lower and the upper half of a register */

MG_INLINE mg_vi mg_vb_load_s8(const void *p)
{
    return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(mg_word(p))))));
}

MG_INLINE mg_vi mg_vb_load_u8(const void *p)
{
    uint8x8_t bytes = vreinterpret_u8_s32(vdup_n_s32(mg_word(p)));
    return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes))));
}

MG_INLINE void mg_vb_store(void *p, mg_vi a)
{
    int16x4_t half = vmovn_s32(a);
    mg_put_word(p, vget_lane_s32(vreinterpret_s32_s8(vmovn_s16(vcombine_s16(half, half))), 0));
}

MG_INLINE mg_vi mg_vi_round(mg_vf a)
{
#ifdef __aarch64__
    return vcvtaq_s32_f32(a);
#else
    mg_vf half = vbslq_f32(vdupq_n_u32(0x80000000u), a, vdupq_n_f32(0.49999997f));
    return vcvtq_s32_f32(vaddq_f32(a, half));
#endif
}

MG_INLINE mg_vd4 mg_vd4_load(const int8_t *p)
{
    int8x16_t x = vld1q_s8(p);
    return (mg_vd4){{vmovl_s8(vget_low_s8(x)), vmovl_s8(vget_high_s8(x))}};
}

MG_INLINE mg_vd mg_vd_load(const int16_t *p) { return vld1q_s16(p); }

#ifdef __aarch64__
#define mg_vi_mac_high(acc, x, w) vmlal_high_s16(acc, x, w)
#else
#define mg_vi_mac_high(acc, x, w) vmlal_s16(acc, vget_high_s16(x), vget_high_s16(w))
#endif
#define mg_vi_mac(acc, x, l, w)                                                  \
    ((l) & 1 ? mg_vi_mac_high(acc, (x).at[(l) / 2], w)                           \
             : vmlal_s16(acc, vget_low_s16((x).at[(l) / 2]), vget_low_s16(w)))

#else /* x86: a product of 16-bit numbers beside zeros is one multiply-add of pairs */

typedef mg_vi mg_vd;

#if defined(MG_SSE2_H)
MG_INLINE mg_vi mg_vb_load_s8(const void *p) { return _mm_cvtepi8_epi32(_mm_cvtsi32_si128(mg_word(p))); }
MG_INLINE mg_vi mg_vb_load_u8(const void *p) { return _mm_cvtepu8_epi32(_mm_cvtsi32_si128(mg_word(p))); }
MG_INLINE mg_vd mg_vd_load(const int16_t *p) { return _mm_cvtepu16_epi32(_mm_loadl_epi64((const void *)p)); }
#define mg_madd_epi16 _mm_madd_epi16
MG_INLINE void mg_vb_store(void *p, mg_vi a)
{
    __m128i order = _mm_setr_epi8(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    mg_put_word(p, _mm_cvtsi128_si32(_mm_shuffle_epi8(a, order)));
}
#elif defined(MG_AVX2_H)
MG_INLINE mg_vi mg_vb_load_s8(const void *p) { return _mm256_cvtepi8_epi32(_mm_loadl_epi64(p)); }
MG_INLINE mg_vi mg_vb_load_u8(const void *p) { return _mm256_cvtepu8_epi32(_mm_loadl_epi64(p)); }
MG_INLINE mg_vd mg_vd_load(const int16_t *p) { return _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)p)); }
#define mg_madd_epi16 _mm256_madd_epi16
MG_INLINE void mg_vb_store(void *p, mg_vi a)
{
    a = _mm256_and_si256(a, _mm256_set1_epi32(255));
    __m128i b = _mm_packus_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    _mm_storel_epi64(p, _mm_packus_epi16(b, b));
}
#else
MG_INLINE mg_vi mg_vb_load_s8(const void *p) { return _mm512_cvtepi8_epi32(_mm_loadu_si128(p)); }
MG_INLINE mg_vi mg_vb_load_u8(const void *p) { return _mm512_cvtepu8_epi32(_mm_loadu_si128(p)); }
MG_INLINE mg_vd mg_vd_load(const int16_t *p) { return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p)); }
#define mg_madd_epi16 _mm512_madd_epi16
MG_INLINE void mg_vb_store(void *p, mg_vi a) { _mm_storeu_si128(p, _mm512_cvtepi32_epi8(a)); }
#endif

MG_INLINE mg_vi mg_vi_round(mg_vf a)
{
    mg_vf half = mg_vf_bits(mg_vi_or(mg_vi_and(mg_vi_bits(a), mg_vi_set1(INT32_MIN)), mg_vi_set1(0x3effffff)));
    return mg_vi_from_vf(mg_vf_add(a, half));
}
#endif

#ifndef __ARM_NEON
typedef struct { mg_vi at[4]; } mg_vd4;

/* Pixels of MG_VF channels on x86; in plain C the four numbers are one channel of four pixels, see mg_vd4_load. */
#if MG_VF == 1
MG_INLINE mg_vd4 mg_vd4_load(const int8_t *p) { return (mg_vd4){{p[0], p[4], p[8], p[12]}}; }
#define mg_vi_mac(acc, x, l, w) mg_vi_add(acc, mg_vi_mul((x).at[l], w))
#else
MG_INLINE mg_vd4 mg_vd4_load(const int8_t *p)
{
    return (mg_vd4){{mg_vb_load_s8(p), mg_vb_load_s8(p + MG_VF), mg_vb_load_s8(p + 2 * MG_VF), mg_vb_load_s8(p + 3 * MG_VF)}};
}
#define mg_vi_mac(acc, x, l, w) mg_vi_add(acc, mg_madd_epi16((x).at[l], w))
#endif
#endif

/* Four vectors of bytes one behind the other, widened. */
typedef struct { mg_vi at[4]; } mg_vb4;
#ifdef __ARM_NEON
MG_INLINE mg_vb4 mg_vb4_load_s8(const int8_t *p)
{
    const mg_vd4 x = mg_vd4_load(p);
    return (mg_vb4){{vmovl_s16(vget_low_s16(x.at[0])), vmovl_s16(vget_high_s16(x.at[0])), vmovl_s16(vget_low_s16(x.at[1])),
                     vmovl_s16(vget_high_s16(x.at[1]))}};
}
MG_INLINE mg_vb4 mg_vb4_load_u8(const uint8_t *p)
{
    const uint8x16_t x = vld1q_u8(p);
    const int16x8_t a = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(x))), b = vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(x)));
    return (mg_vb4){{vmovl_s16(vget_low_s16(a)), vmovl_s16(vget_high_s16(a)), vmovl_s16(vget_low_s16(b)), vmovl_s16(vget_high_s16(b))}};
}
#endif

/* A row with `left` and `right` bytes of `fill` around `count` bytes, each with the bits of `flip` turned. */
MG_INLINE void mg_pad_row(int8_t *to, const int8_t *from, int32_t left, int32_t count, int32_t right, int fill, int flip)
{
    if (!from) {
        memset(to, fill, (size_t)(left + count + right));
        return;
    }
    if (left) memset(to, fill, (size_t)left);
    if (flip) {
        int32_t i = 0;
        for (; i + 4 <= count; i += 4) mg_put_word(to + left + i, mg_word(from + i) ^ (int32_t)((uint32_t)flip * 0x01010101u));
        for (; i < count; i++) to[left + i] = (int8_t)(from[i] ^ flip);
    } else {
        memcpy(to + left, from, (size_t)count);
    }
    if (right) memset(to + left + count, fill, (size_t)right);
}

/* `planes` <= 4 rows of `w` bytes, `apart` bytes from one to the next, as one padded row of pixels of four channels, of which
 * those past `planes` may hold anything. */
MG_INLINE void mg_pad_planes(int8_t *to, const int8_t *from, ptrdiff_t apart, int planes, int32_t w, int32_t left, int32_t bytes,
                             int fill, int flip)
{
    if (!from) {
        memset(to, fill, (size_t)bytes);
        return;
    }
    const int8_t *p0 = from, *p1 = planes > 1 ? p0 + apart : p0, *p2 = planes > 2 ? p1 + apart : p0, *p3 = planes > 3 ? p2 + apart : p0;
    int32_t i = 0;
    memset(to, fill, (size_t)left);
    to += left;
#ifdef __ARM_NEON
    const int8x16_t turn = vdupq_n_s8((int8_t)flip);
    while (w >= 16 && i < w) {
        const int32_t at = i + 16 <= w ? i : w - 16;
        int8x16x4_t x = {{vld1q_s8(p0 + at), vld1q_s8(p1 + at), vld1q_s8(p2 + at), vld1q_s8(p3 + at)}};
        for (int m = 0; m < 4; m++) x.val[m] = veorq_s8(x.val[m], turn);
        vst4q_s8(to + 4 * at, x);
        i += 16;
    }
#elif MG_VF > 1
    const __m128i turn = _mm_set1_epi8((char)flip);
    while (w >= 16 && i < w) {
        const int32_t at = i + 16 <= w ? i : w - 16;
        const __m128i x0 = _mm_loadu_si128((const void *)(p0 + at)), x1 = _mm_loadu_si128((const void *)(p1 + at));
        const __m128i x2 = _mm_loadu_si128((const void *)(p2 + at)), x3 = _mm_loadu_si128((const void *)(p3 + at));
        const __m128i a = _mm_unpacklo_epi8(x0, x1), b = _mm_unpackhi_epi8(x0, x1);
        const __m128i c = _mm_unpacklo_epi8(x2, x3), d = _mm_unpackhi_epi8(x2, x3);
        int8_t *four = to + 4 * at;
        _mm_storeu_si128((void *)four, _mm_xor_si128(turn, _mm_unpacklo_epi16(a, c)));
        _mm_storeu_si128((void *)(four + 16), _mm_xor_si128(turn, _mm_unpackhi_epi16(a, c)));
        _mm_storeu_si128((void *)(four + 32), _mm_xor_si128(turn, _mm_unpacklo_epi16(b, d)));
        _mm_storeu_si128((void *)(four + 48), _mm_xor_si128(turn, _mm_unpackhi_epi16(b, d)));
        i += 16;
    }
#endif
    for (; i < w; i++) {
        const uint32_t low = (uint8_t)p0[i] | (uint32_t)(uint8_t)p1[i] << 8, high = (uint8_t)p2[i] | (uint32_t)(uint8_t)p3[i] << 8;
        mg_put_word(to + 4 * i, (int32_t)((low | high << 16) ^ ((uint32_t)flip * 0x01010101u)));
    }
    memset(to + 4 * w, fill, (size_t)(bytes - left - 4 * w));
}
#endif
