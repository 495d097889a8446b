/* Narrow integers to and from int32 lanes, n lanes at a time (1 <= n <= MG_VF, the others hold zero). Stores keep the
 * low bits. Also what has no vector instruction. */
#ifndef MG_CONVERT_H
#define MG_CONVERT_H

/* Whole vectors by the compiler's own conversion: one or two instructions on every ISA that has lanes. */
#if MG_VF > 1
typedef int32_t mg_lanes __attribute__((vector_size(4 * MG_VF)));
#define MG_WHOLE_LOAD(elem, p)                                                   \
    do {                                                                         \
        elem v __attribute__((vector_size(MG_VF * sizeof(elem))));               \
        __builtin_memcpy(&v, p, sizeof v);                                                 \
        return (mg_vi)__builtin_convertvector(v, mg_lanes);                      \
    } while (0)
#define MG_WHOLE_STORE(elem, p, a)                                               \
    do {                                                                         \
        typedef elem narrow __attribute__((vector_size(MG_VF * sizeof(elem))));  \
        narrow v = __builtin_convertvector((mg_lanes)(a), narrow);               \
        __builtin_memcpy(p, &v, sizeof v);                                                 \
        return;                                                                  \
    } while (0)
#else
#define MG_WHOLE_LOAD(elem, p) return *(p)
#define MG_WHOLE_STORE(elem, p, a) do { *(p) = (elem)(a); return; } while (0)
#endif

#define MG_NARROW(name, elem)                                                    \
    MG_INLINE mg_vi mg_vi_load_##name(const elem *p, int n)                      \
    {                                                                            \
        if (n == MG_VF) MG_WHOLE_LOAD(elem, p);                                  \
        int32_t wide[MG_VF] = {0};                                               \
        for (int l = 0; l < n; ++l) wide[l] = p[l];                              \
        return mg_vi_load(wide);                                                 \
    }                                                                            \
    MG_INLINE void mg_vi_store_##name(elem *p, mg_vi a, int n)                   \
    {                                                                            \
        if (n == MG_VF) MG_WHOLE_STORE(elem, p, a);                              \
        int32_t wide[MG_VF];                                                     \
        mg_vi_store(wide, a);                                                    \
        for (int l = 0; l < n; ++l) p[l] = (elem)wide[l];                        \
    }
MG_NARROW(i8, int8_t)
MG_NARROW(u8, uint8_t)
MG_NARROW(i16, int16_t)
MG_NARROW(u16, uint16_t)

/* Lane by lane: an int32 function of two numbers. */
#define MG_LANES(name, one)                                                      \
    MG_INLINE mg_vi name(mg_vi a, mg_vi b)                                       \
    {                                                                            \
        int32_t x[MG_VF], y[MG_VF];                                              \
        mg_vi_store(x, a);                                                       \
        mg_vi_store(y, b);                                                       \
        for (int l = 0; l < MG_VF; ++l) x[l] = one(x[l], y[l]);                  \
        return mg_vi_load(x);                                                    \
    }

/* Rounded down; 0 where the divisor is 0. -2^31 / -1 wraps. */
MG_INLINE int32_t mg_floordiv1(int32_t a, int32_t b)
{
    if (b == 0) return 0;
    if (b == -1) return (int32_t)(0u - (uint32_t)a);
    int32_t q = a / b;
    return (a % b != 0 && (a % b < 0) != (b < 0)) ? q - 1 : q;
}

/* Sign of the divisor; 0 where the divisor is 0. */
MG_INLINE int32_t mg_mod1(int32_t a, int32_t b)
{
    if (b == 0 || b == -1) return 0;
    int32_t r = a % b;
    return (r != 0 && (r < 0) != (b < 0)) ? r + b : r;
}

/* Toward zero, and what is left; 0 where the divisor is 0. -2^31 / -1 wraps. */
MG_INLINE int32_t mg_truncdiv1(int32_t a, int32_t b)
{
    return b == 0 ? 0 : b == -1 ? (int32_t)(0u - (uint32_t)a) : a / b;
}
MG_INLINE int32_t mg_truncmod1(int32_t a, int32_t b) { return b == 0 || b == -1 ? 0 : a % b; }

/* a^b within low to high; 1 / a^-b toward zero for b below 0, high of 0. */
MG_INLINE int32_t mg_pow1(int32_t a, int32_t b, int32_t low, int32_t high)
{
    if (a == 0 || a == 1) return b == 0 ? 1 : a == 0 && b < 0 ? high : a;
    if (a == -1) return b & 1 ? -1 : 1;
    const int32_t end = a < 0 && (b & 1) ? low : high;
    int64_t p = 1;
    for (; b > 0; --b) {
        p *= a;
        if (p < -(int64_t)high - 1 || p > high) return end;
    }
    return b < 0 ? 0 : p < low ? low : (int32_t)p;
}
MG_INLINE int32_t mg_pow_i8(int32_t a, int32_t b) { return mg_pow1(a, b, INT8_MIN, INT8_MAX); }
MG_INLINE int32_t mg_pow_u8(int32_t a, int32_t b) { return mg_pow1(a, b, 0, UINT8_MAX); }
MG_INLINE int32_t mg_pow_i16(int32_t a, int32_t b) { return mg_pow1(a, b, INT16_MIN, INT16_MAX); }
MG_INLINE int32_t mg_pow_u16(int32_t a, int32_t b) { return mg_pow1(a, b, 0, UINT16_MAX); }
MG_INLINE int32_t mg_pow_i32(int32_t a, int32_t b) { return mg_pow1(a, b, INT32_MIN, INT32_MAX); }

/* Mean of count integers by their sum, rounded half away from zero. */
MG_INLINE int32_t mg_mean1(int32_t sum, int32_t count)
{
    int64_t twice = 2 * (int64_t)sum;
    return (int32_t)((twice + (sum < 0 ? -count : count)) / (2 * (int64_t)count));
}

/* Counts outside 0 to 31 shift everything out. */
MG_INLINE int32_t mg_shl1(int32_t a, int32_t n) { return (uint32_t)n < 32u ? (int32_t)((uint32_t)a << n) : 0; }
MG_INLINE int32_t mg_shr1(int32_t a, int32_t n) { return a >> ((uint32_t)n < 32u ? n : 31); }

/* a / 2^n rounded half away from zero; counts below 0 shift nothing. */
MG_INLINE int32_t mg_roundshr1(int32_t a, int32_t n)
{
    n = n < 0 ? 0 : n < 62 ? n : 62;
    const int64_t mask = ((int64_t)1 << n) - 1;
    return (int32_t)((a >> (n < 31 ? n : 31)) + ((a & mask) > (mask >> 1) + (a < 0)));
}

/* (a b + 2^(bits-2)) >> (bits-1), at most top. */
MG_INLINE int32_t mg_rmulh1(int32_t a, int32_t b, int bits, int32_t top)
{
    int64_t r = ((int64_t)a * b + ((int64_t)1 << (bits - 2))) >> (bits - 1);
    return r > top ? top : (int32_t)r;
}
MG_INLINE int32_t mg_rmulh_i8(int32_t a, int32_t b) { return mg_rmulh1(a, b, 8, INT8_MAX); }
MG_INLINE int32_t mg_rmulh_u8(int32_t a, int32_t b) { return mg_rmulh1(a, b, 8, UINT8_MAX); }
MG_INLINE int32_t mg_rmulh_i16(int32_t a, int32_t b) { return mg_rmulh1(a, b, 16, INT16_MAX); }
MG_INLINE int32_t mg_rmulh_u16(int32_t a, int32_t b) { return mg_rmulh1(a, b, 16, UINT16_MAX); }
MG_INLINE int32_t mg_rmulh_i32(int32_t a, int32_t b) { return mg_rmulh1(a, b, 32, INT32_MAX); }

MG_LANES(mg_vi_floordiv, mg_floordiv1)
MG_LANES(mg_vi_mod, mg_mod1)
MG_LANES(mg_vi_truncdiv, mg_truncdiv1)
MG_LANES(mg_vi_truncmod, mg_truncmod1)
MG_LANES(mg_vi_pow_i8, mg_pow_i8)
MG_LANES(mg_vi_pow_u8, mg_pow_u8)
MG_LANES(mg_vi_pow_i16, mg_pow_i16)
MG_LANES(mg_vi_pow_u16, mg_pow_u16)
MG_LANES(mg_vi_pow_i32, mg_pow_i32)
MG_LANES(mg_vi_shlv, mg_shl1)
MG_LANES(mg_vi_shrv, mg_shr1)
MG_LANES(mg_vi_roundshrv, mg_roundshr1)
MG_LANES(mg_vi_rmulh_i8, mg_rmulh_i8)
MG_LANES(mg_vi_rmulh_u8, mg_rmulh_u8)
MG_LANES(mg_vi_rmulh_i16, mg_rmulh_i16)
MG_LANES(mg_vi_rmulh_u16, mg_rmulh_u16)
MG_LANES(mg_vi_rmulh_i32, mg_rmulh_i32)

/* The remainder of a / b with the sign of a, exactly: long division of the significands. */
MG_INLINE float mg_fmod1(float a, float b)
{
    float x = __builtin_fabsf(a), y = __builtin_fabsf(b);
    if (!(x <= 3.40282347e38f) || !(y > 0.0f)) return (a - a) / (a - a);
    if (x < y || y > 3.40282347e38f) return y == y ? a : b;
    float step = y;
    while (step <= x * 0.5f) step += step;
    for (; step >= y; step *= 0.5f)
        if (x >= step) x -= step;
    return __builtin_copysignf(x, a);
}

MG_INLINE mg_vf mg_vf_fmod(mg_vf a, mg_vf b)
{
    float x[MG_VF], y[MG_VF];
    mg_vf_store(x, a);
    mg_vf_store(y, b);
    for (int l = 0; l < MG_VF; ++l) x[l] = mg_fmod1(x[l], y[l]);
    return mg_vf_load(x);
}

/* The remainder with the sign of b, zeros too. */
MG_INLINE mg_vf mg_vf_floormod(mg_vf a, mg_vf b)
{
    mg_vf r = mg_vf_fmod(a, b), moved = mg_vf_add(r, b), zero = mg_vf_zero();
    mg_vf low = mg_vf_sel(mg_vf_lt(b, zero), r, moved), high = mg_vf_sel(mg_vf_lt(b, zero), moved, r);
    r = mg_vf_sel(mg_vf_lt(r, zero), low, mg_vf_sel(mg_vf_lt(zero, r), high, r));
    return mg_vf_sel(mg_vf_eq(r, zero), mg_vf_copysign(r, b), r);
}

/* Toward zero, within low to high; NaN gives 0. */
MG_INLINE mg_vi mg_vi_truncate(mg_vf x, int32_t low, int32_t high)
{
    mg_vm top = mg_vf_le(mg_vf_set1(2147483520.0f), x);
    x = mg_vf_sel(mg_vf_eq(x, x), x, mg_vf_zero());
    x = mg_vf_max(mg_vf_min(x, mg_vf_set1(2147483520.0f)), mg_vf_set1(-2147483648.0f));
    mg_vi t = mg_vi_sel(top, mg_vi_set1(INT32_MAX), mg_vi_from_vf(x));
    return mg_vi_min(mg_vi_max(t, mg_vi_set1(low)), mg_vi_set1(high));
}

/* Stored number of a real one: round(x * (1 / scale)) half away from zero, plus zero, within low to high; NaN gives zero. */
MG_INLINE mg_vi mg_vi_quantize(mg_vf x, float scale, int32_t zero, int32_t low, int32_t high)
{
    const mg_vf product = mg_vf_mul(x, mg_vf_set1(1.0f / scale));
    if (high == INT32_MAX) return mg_vi_truncate(mg_vf_round(product), low, high);
#ifdef MG_HAS_NEAREST_BYTE
    if (zero == 0 && low == INT8_MIN && high == INT8_MAX) return mg_vi_nearest_byte(product);
#endif
#ifdef MG_HAS_NEAREST
    const mg_vi n = mg_vi_max(mg_vi_min(mg_vi_nearest(product), mg_vi_set1(high - zero)), mg_vi_set1(low - zero));
    return mg_vi_add(n, mg_vi_set1(zero));
#else
    mg_vf t = mg_vf_round(product);
    t = mg_vf_sel(mg_vf_eq(t, t), t, mg_vf_zero());
    t = mg_vf_min(mg_vf_max(t, mg_vf_set1((float)(low - zero))), mg_vf_set1((float)(high - zero)));
    return mg_vi_add(mg_vi_from_vf(t), mg_vi_set1(zero));
#endif
}
#endif
