/* What the three x86 vector widths share. MG_P(op), MG_I(op), MG_S(op) name an intrinsic on floats, on int32
 * lanes and on whole registers; MG_TO_I, MG_TO_F reinterpret; MG_ROUND(a, mode) rounds. */
#define MG_XL 4
typedef const float *mg_x;

MG_INLINE mg_vf mg_vf_zero(void) { return MG_P(setzero)(); }
MG_INLINE mg_vf mg_vf_set1(float a) { return MG_P(set1)(a); }
MG_INLINE mg_vf mg_vf_load(const float *p) { return MG_P(loadu)(p); }
MG_INLINE void mg_vf_store(float *p, mg_vf a) { MG_P(storeu)(p, a); }

MG_INLINE mg_vi mg_vi_zero(void) { return MG_S(setzero)(); }
MG_INLINE mg_vi mg_vi_set1(int32_t a) { return MG_I(set1)(a); }
MG_INLINE mg_vi mg_vi_load(const int32_t *p) { return MG_S(loadu)((const mg_vi *)(const void *)p); }
MG_INLINE void mg_vi_store(int32_t *p, mg_vi a) { MG_S(storeu)((mg_vi *)(void *)p, a); }

MG_INLINE mg_vi mg_vi_bits(mg_vf a) { return MG_TO_I(a); }
MG_INLINE mg_vf mg_vf_bits(mg_vi a) { return MG_TO_F(a); }
MG_INLINE mg_vi mg_vi_from_vf(mg_vf a) { return MG_I(cvttps)(a); }
MG_INLINE mg_vf mg_vf_from_vi(mg_vi a) { return MG_P(cvtepi32)(a); }

MG_INLINE mg_vi mg_vi_add(mg_vi a, mg_vi b) { return MG_I(add)(a, b); }
MG_INLINE mg_vi mg_vi_sub(mg_vi a, mg_vi b) { return MG_I(sub)(a, b); }
MG_INLINE mg_vi mg_vi_mul(mg_vi a, mg_vi b) { return MG_I(mullo)(a, b); }
MG_INLINE mg_vi mg_vi_min(mg_vi a, mg_vi b) { return MG_I(min)(a, b); }
MG_INLINE mg_vi mg_vi_max(mg_vi a, mg_vi b) { return MG_I(max)(a, b); }
MG_INLINE mg_vi mg_vi_and(mg_vi a, mg_vi b) { return MG_S(and)(a, b); }
MG_INLINE mg_vi mg_vi_or(mg_vi a, mg_vi b) { return MG_S(or)(a, b); }
MG_INLINE mg_vi mg_vi_xor(mg_vi a, mg_vi b) { return MG_S(xor)(a, b); }
MG_INLINE mg_vi mg_vi_shl(mg_vi a, int n) { return MG_I(sll)(a, _mm_cvtsi32_si128(n)); }
MG_INLINE mg_vi mg_vi_shr(mg_vi a, int n) { return MG_I(sra)(a, _mm_cvtsi32_si128(n)); }

MG_INLINE mg_vf mg_vf_add(mg_vf a, mg_vf b) { return MG_P(add)(a, b); }
MG_INLINE mg_vf mg_vf_sub(mg_vf a, mg_vf b) { return MG_P(sub)(a, b); }
MG_INLINE mg_vf mg_vf_mul(mg_vf a, mg_vf b) { return MG_P(mul)(a, b); }
MG_INLINE mg_vf mg_vf_div(mg_vf a, mg_vf b) { return MG_P(div)(a, b); }
MG_INLINE mg_vf mg_vf_min(mg_vf a, mg_vf b) { return MG_P(min)(a, b); }
MG_INLINE mg_vf mg_vf_max(mg_vf a, mg_vf b) { return MG_P(max)(a, b); }
MG_INLINE mg_vf mg_vf_sqrt(mg_vf a) { return MG_P(sqrt)(a); }
MG_INLINE mg_vf mg_vf_neg(mg_vf a) { return MG_TO_F(mg_vi_xor(MG_TO_I(a), mg_vi_set1(INT32_MIN))); }
MG_INLINE mg_vf mg_vf_abs(mg_vf a) { return MG_TO_F(mg_vi_and(MG_TO_I(a), mg_vi_set1(INT32_MAX))); }
MG_INLINE mg_vf mg_vf_floor(mg_vf a) { return MG_ROUND(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
MG_INLINE mg_vf mg_vf_ceil(mg_vf a) { return MG_ROUND(a, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC); }
MG_INLINE mg_vf mg_vf_trunc(mg_vf a) { return MG_ROUND(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }

#ifdef __FMA__
MG_INLINE mg_vf mg_vf_fma(mg_vf acc, mg_vf a, mg_vf b) { return MG_P(fmadd)(a, b, acc); }
MG_INLINE mg_vf mg_vf_fms(mg_vf acc, mg_vf a, mg_vf b) { return MG_P(fnmadd)(a, b, acc); }
#else
MG_INLINE mg_vf mg_vf_fma(mg_vf acc, mg_vf a, mg_vf b) { return mg_vf_add(acc, mg_vf_mul(a, b)); }
MG_INLINE mg_vf mg_vf_fms(mg_vf acc, mg_vf a, mg_vf b) { return mg_vf_sub(acc, mg_vf_mul(a, b)); }
#endif

/* What will be read soon comes nearer; any address may be given. */
#define mg_fetch(p) __builtin_prefetch((const void *)(p), 0, 2)

/* All ones, which is not a number, where an operand is none; else the operation's result. */
#define MG_NAN4(op, a, b) _mm_or_ps(_mm_##op##_ps(a, b), _mm_cmpunord_ps(a, b))
MG_INLINE __m128 mg_add4(__m128 a, __m128 b) { return _mm_add_ps(a, b); }
MG_INLINE __m128 mg_min4(__m128 a, __m128 b) { return MG_NAN4(min, a, b); }
MG_INLINE __m128 mg_max4(__m128 a, __m128 b) { return MG_NAN4(max, a, b); }

/* Four lanes to one: (0, 2) and (1, 3), then both. */
#define MG_FOLD4(name, op)                                                       \
    MG_INLINE float name(__m128 a)                                               \
    {                                                                            \
        const __m128 b = op(a, _mm_movehl_ps(a, a));                             \
        return _mm_cvtss_f32(op(b, _mm_shuffle_ps(b, b, 1)));                    \
    }
MG_FOLD4(mg_sum_of4, mg_add4)
MG_FOLD4(mg_max_of4, mg_max4)
MG_FOLD4(mg_min_of4, mg_min4)

/* The sums of a to d. */
MG_INLINE __m128 mg_sums4(__m128 a, __m128 b, __m128 c, __m128 d)
{
    _MM_TRANSPOSE4_PS(a, b, c, d);
    return _mm_add_ps(_mm_add_ps(a, c), _mm_add_ps(b, d));
}

/* Rows of 4 numbers, xs apart, become columns: rows of y, ys apart. */
MG_INLINE void mg_transpose4x4(uint32_t *y, ptrdiff_t ys, const uint32_t *x, ptrdiff_t xs)
{
    __m128 rows[4];
    for (int i = 0; i < 4; i++)
        rows[i] = _mm_castsi128_ps(_mm_loadu_si128((const __m128i *)(const void *)(x + i * xs)));
    _MM_TRANSPOSE4_PS(rows[0], rows[1], rows[2], rows[3]);
    for (int i = 0; i < 4; i++)
        _mm_storeu_si128((__m128i *)(void *)(y + i * ys), _mm_castps_si128(rows[i]));
}

/* MG_VF rows of 4 numbers at `at` become 4 vectors: v[i] holds the i-th number of each. */
MG_INLINE void mg_vf_transpose(mg_vf v[4], const float *const *rows, ptrdiff_t at)
{
    const mg_vf a = MG_EVERY4(rows, at), b = MG_EVERY4(rows + 1, at), c = MG_EVERY4(rows + 2, at), d = MG_EVERY4(rows + 3, at);
    const mg_vf ab = MG_P(unpacklo)(a, b), cd = MG_P(unpacklo)(c, d), AB = MG_P(unpackhi)(a, b), CD = MG_P(unpackhi)(c, d);
    v[0] = MG_P(shuffle)(ab, cd, 0x44);
    v[1] = MG_P(shuffle)(ab, cd, 0xee);
    v[2] = MG_P(shuffle)(AB, CD, 0x44);
    v[3] = MG_P(shuffle)(AB, CD, 0xee);
}

MG_INLINE mg_x mg_x_load(const float *p) { return p; }
#define mg_vf_fma_x(acc, w, x, l) mg_vf_fma(acc, w, mg_vf_set1((x)[l]))
