/* Exponential, logarithm and what neural networks make of them. Written against the vocabulary of the ISA headers.
 *
 * Largest error measured over the float range, in units in the last place, with and without fused multiply-add:
 * exp 2, expm1 3, log 2, log1p 3, tanh 3, sigmoid 3, erf 3, erfc 8 (its exponential loses digits far out).
 * Infinities, zeros and NaN give what C's functions give. Results below 2^-126 may be flushed to zero.
 * Polynomials are weighted minimax fits on the intervals stated, Horner form, highest power first. */
#ifndef MG_MATH_H
#define MG_MATH_H

/* One Horner step: p * x + c. */
MG_INLINE mg_vf mg_horner(mg_vf p, mg_vf x, float c)
{
    return mg_vf_fma(mg_vf_set1(c), p, x);
}

/* 2^n for whole n of -126 to 127, n as an integer. */
MG_INLINE mg_vf mg_exp2i(mg_vi n)
{
    return mg_vf_bits(mg_vi_shl(mg_vi_add(n, mg_vi_set1(127)), 23));
}

/* x = n ln 2 + r with |r| <= ln(2) / 2: gives r and e^r - 1; n through *n. |x| < 2^14. The sum with 1.5 * 2^23
 * leaves n in the low bits; the first part of ln 2 has 9 bits, so its product with n is exact. */
MG_INLINE mg_vf mg_exp_core(mg_vf x, mg_vi *n)
{
    mg_vf magic = mg_vf_set1(12582912.0f);
    mg_vf t = mg_vf_add(mg_vf_mul(x, mg_vf_set1(1.44269504f)), magic);
    mg_vf k = mg_vf_sub(t, magic);
    *n = mg_vi_sub(mg_vi_bits(t), mg_vi_bits(magic));
    mg_vf r = mg_vf_fms(x, k, mg_vf_set1(0.693359375f));
    r = mg_vf_fma(r, k, mg_vf_set1(2.12194440e-4f));
    mg_vf p = mg_vf_set1(0.0013950809f);
    p = mg_horner(p, r, 0.008369073f);
    p = mg_horner(p, r, 0.041666202f);
    p = mg_horner(p, r, 0.16666517f);
    p = mg_horner(p, r, 0.5f);
    return mg_vf_fma(r, mg_vf_mul(p, r), r);
}

/* The limits come first in min and max, so that NaN passes on x86 as well. The power of two is applied in halves:
 * neither overflows before the result does. */
MG_INLINE mg_vf mg_vf_exp(mg_vf x)
{
    mg_vi n;
    mg_vf c = mg_vf_min(mg_vf_set1(89.0f), mg_vf_max(mg_vf_set1(-104.0f), x));
    mg_vf p = mg_vf_add(mg_exp_core(c, &n), mg_vf_set1(1.0f));
    mg_vi half = mg_vi_shr(n, 1);
    return mg_vf_mul(mg_vf_mul(p, mg_exp2i(half)), mg_exp2i(mg_vi_sub(n, half)));
}

/* e^x - 1. Half the power of two, so that it is finite up to the overflow of the result. */
MG_INLINE mg_vf mg_vf_expm1(mg_vf x)
{
    mg_vi n;
    mg_vf c = mg_vf_min(mg_vf_set1(89.0f), mg_vf_max(mg_vf_set1(-40.0f), x));
    mg_vf p = mg_exp_core(c, &n);
    mg_vf s = mg_exp2i(mg_vi_sub(n, mg_vi_set1(1)));
    mg_vf y = mg_vf_fma(mg_vf_sub(s, mg_vf_set1(0.5f)), s, p);
    return mg_vf_sel(mg_vf_eq(x, mg_vf_zero()), x, mg_vf_add(y, y));
}

/* x = 2^e (1 + t) with sqrt(1/2) <= 1 + t < sqrt(2), for x > 0: gives ln(1 + t) - t, and t, e. */
MG_INLINE mg_vf mg_log_core(mg_vf x, mg_vf *t, mg_vf *e)
{
    mg_vm tiny = mg_vf_lt(x, mg_vf_set1(1.17549435e-38f));
    x = mg_vf_sel(tiny, mg_vf_mul(x, mg_vf_set1(8388608.0f)), x);
    mg_vi i = mg_vi_sub(mg_vi_bits(x), mg_vi_set1(0x3f3504f3));
    mg_vi k = mg_vi_shr(i, 23);
    *t = mg_vf_sub(mg_vf_bits(mg_vi_sub(mg_vi_bits(x), mg_vi_shl(k, 23))), mg_vf_set1(1.0f));
    *e = mg_vf_sub(mg_vf_from_vi(k), mg_vf_sel(tiny, mg_vf_set1(23.0f), mg_vf_zero()));
    mg_vf p = mg_vf_set1(0.067466356f);
    p = mg_horner(p, *t, -0.116756506f);
    p = mg_horner(p, *t, 0.118881635f);
    p = mg_horner(p, *t, -0.12405589f);
    p = mg_horner(p, *t, 0.14219552f);
    p = mg_horner(p, *t, -0.16667996f);
    p = mg_horner(p, *t, 0.20002119f);
    p = mg_horner(p, *t, -0.2500001f);
    p = mg_horner(p, *t, 0.33333313f);
    mg_vf z = mg_vf_mul(*t, *t);
    return mg_vf_fms(mg_vf_mul(mg_vf_mul(z, *t), p), z, mg_vf_set1(0.5f));
}

/* The logarithm's values outside 0 < x < infinity. */
MG_INLINE mg_vf mg_log_edges(mg_vf x, mg_vf y)
{
    mg_vf inf = mg_vf_bits(mg_vi_set1(0x7f800000));
    y = mg_vf_sel(mg_vf_lt(x, inf), y, x);
    y = mg_vf_sel(mg_vf_eq(x, mg_vf_zero()), mg_vf_neg(inf), y);
    return mg_vf_sel(mg_vf_lt(x, mg_vf_zero()), mg_vf_bits(mg_vi_set1(0x7fc00000)), y);
}

MG_INLINE mg_vf mg_vf_log(mg_vf x)
{
    mg_vf t, e;
    mg_vf y = mg_log_core(x, &t, &e);
    y = mg_vf_fma(y, e, mg_vf_set1(-2.12194440e-4f));
    y = mg_vf_fma(mg_vf_add(t, y), e, mg_vf_set1(0.693359375f));
    return mg_log_edges(x, y);
}

/* ln(1 + x): what 1 + x rounds away comes back through the derivative. */
MG_INLINE mg_vf mg_vf_log1p(mg_vf x)
{
    mg_vf u = mg_vf_add(x, mg_vf_set1(1.0f));
    mg_vf lost = mg_vf_sub(x, mg_vf_sub(u, mg_vf_set1(1.0f)));
    mg_vf y = mg_vf_log(u);
    mg_vm usable = mg_vm_and(mg_vf_lt(mg_vf_zero(), u), mg_vf_lt(u, mg_vf_set1(1e30f)));
    y = mg_vf_sel(usable, mg_vf_add(y, mg_vf_div(lost, u)), y);
    return mg_vf_sel(mg_vf_eq(x, mg_vf_zero()), x, y);
}

/* e^-x = 2^k e^-s for x of -88.3 to 87: gives s and 2^k. k ln 2 is near -x, and s = x + k ln 2 the rest. Adding
 * 1.5 * 2^23 + 127 leaves the exponent of 2^k in the low bits. */
MG_INLINE mg_vf mg_exp_neg_rest(mg_vf x, mg_vf *power)
{
    mg_vf magic = mg_vf_set1(12583039.0f);
    mg_vf t = mg_vf_fma(magic, x, mg_vf_set1(-1.44269504f));
    mg_vf k = mg_vf_sub(t, magic);
    *power = mg_vf_bits(mg_vi_shl(mg_vi_bits(t), 23));
    return mg_vf_fma(mg_vf_fma(x, k, mg_vf_set1(0.693359375f)), k, mg_vf_set1(-2.12194440e-4f));
}

/* 1 + e^-x for x of -88.3 to 87, as 1 + 2^k (1 - m). */
MG_INLINE mg_vf mg_exp_neg_1(mg_vf x)
{
    mg_vf power, s = mg_exp_neg_rest(x, &power), p = mg_vf_set1(0.008312501f);
    p = mg_horner(p, s, -0.04189033f);
    p = mg_horner(p, s, 0.16667116f);
    p = mg_horner(p, s, -0.4999923f);
    mg_vf m = mg_vf_fma(s, mg_vf_mul(p, s), s);
    return mg_vf_fms(mg_vf_add(mg_vf_set1(1.0f), power), power, m);
}

/* Below -88.3 the result stays what it is there, less than 2^-126; that of -infinity is 0. */
MG_INLINE mg_vf mg_vf_sigmoid(mg_vf x)
{
    mg_vf c = mg_vf_min(mg_vf_set1(87.0f), mg_vf_max(mg_vf_set1(-88.3f), x));
    return mg_vf_div(mg_vf_set1(1.0f), mg_vf_max(mg_vf_neg(x), mg_exp_neg_1(c)));
}

/* t / (2 - t) with t = 1 - e^(-2 |x|), which loses nothing near 0: 1 - 2^k + 2^k (1 - e^-s). */
MG_INLINE mg_vf mg_vf_tanh(mg_vf x)
{
    mg_vf power, a = mg_vf_min(mg_vf_set1(40.0f), mg_vf_abs(x)), s = mg_exp_neg_rest(mg_vf_add(a, a), &power);
    mg_vf p = mg_vf_set1(-0.0013950809f);
    p = mg_horner(p, s, 0.008369073f);
    p = mg_horner(p, s, -0.041666202f);
    p = mg_horner(p, s, 0.16666517f);
    p = mg_horner(p, s, -0.5f);
    mg_vf m = mg_vf_fma(s, mg_vf_mul(p, s), s);
    mg_vf t = mg_vf_fma(mg_vf_sub(mg_vf_set1(1.0f), power), power, m);
    return mg_vf_copysign(mg_vf_div(t, mg_vf_sub(mg_vf_set1(2.0f), t)), x);
}

/* erf(x) for |x| < 1. */
MG_INLINE mg_vf mg_erf_near(mg_vf x)
{
    mg_vf z = mg_vf_mul(x, x), p = mg_vf_set1(7.853861e-05f);
    p = mg_horner(p, z, -0.00080101937f);
    p = mg_horner(p, z, 0.0051883277f);
    p = mg_horner(p, z, -0.026853811f);
    p = mg_horner(p, z, 0.112835854f);
    p = mg_horner(p, z, -0.37612626f);
    /* 2 / sqrt(pi) = 1 + rest: the large part of the product is exact. */
    p = mg_horner(p, z, 0.12837917f);
    return mg_vf_fma(x, p, x);
}

/* erfc(a) for a >= 1. The square is split so that its exponential keeps the digits. */
MG_INLINE mg_vf mg_erfc_far(mg_vf a)
{
    mg_vf three = mg_vf_set1(3.0f);
    a = mg_vf_min(mg_vf_set1(10.1f), mg_vf_max(mg_vf_set1(0.5f), a));
    mg_vf b = mg_vf_div(mg_vf_set1(1.0f), mg_vf_add(a, three)), t = mg_vf_mul(mg_vf_sub(a, three), b);
    mg_vf p = mg_vf_set1(-0.00022289691f);
    p = mg_horner(p, t, -0.00048531513f);
    p = mg_horner(p, t, 0.0030103496f);
    p = mg_horner(p, t, -0.0012258776f);
    p = mg_horner(p, t, -0.02682326f);
    p = mg_horner(p, t, 0.11952894f);
    p = mg_horner(p, t, -0.3104675f);
    p = mg_horner(p, t, 0.5902283f);
    p = mg_horner(p, t, -0.8833944f);
    p = mg_horner(p, t, 1.0740069f);
    mg_vf high = mg_vf_bits(mg_vi_and(mg_vi_bits(a), mg_vi_set1((int32_t)0xfffff000)));
    mg_vf rest = mg_vf_mul(mg_vf_sub(high, a), mg_vf_add(high, a));
    mg_vf e = mg_vf_mul(mg_vf_exp(mg_vf_neg(mg_vf_mul(high, high))), mg_vf_exp(rest));
    return mg_vf_mul(mg_vf_mul(p, b), e);
}

MG_INLINE mg_vf mg_vf_erf(mg_vf x)
{
    mg_vf a = mg_vf_abs(x);
    mg_vf far = mg_vf_copysign(mg_vf_sub(mg_vf_set1(1.0f), mg_erfc_far(a)), x);
    mg_vf y = mg_vf_sel(mg_vf_lt(a, mg_vf_set1(1.0f)), mg_erf_near(x), far);
    return mg_vf_sel(mg_vf_eq(x, x), y, x);
}

MG_INLINE mg_vf mg_vf_erfc(mg_vf x)
{
    mg_vf a = mg_vf_abs(x), one = mg_vf_set1(1.0f), far = mg_erfc_far(a);
    far = mg_vf_sel(mg_vf_lt(x, mg_vf_zero()), mg_vf_sub(mg_vf_set1(2.0f), far), far);
    mg_vf y = mg_vf_sel(mg_vf_lt(a, one), mg_vf_sub(one, mg_erf_near(x)), far);
    return mg_vf_sel(mg_vf_eq(x, x), y, x);
}

/* That of -infinity is the limit, 0. */
MG_INLINE mg_vf mg_vf_silu(mg_vf x)
{
    mg_vf c = mg_vf_max(mg_vf_set1(-88.3f), x);
    return mg_vf_div(c, mg_exp_neg_1(mg_vf_min(mg_vf_set1(87.0f), c)));
}

/* x Phi(x) = max(x, 0) - a Phi(-a) for a = |x| and the normal distribution Phi. The polynomial is Phi(-a)^(-1/8), so the
 * tail is right to a part in 100000 down to -3 and to 2 % down to -5.6, below which it counts as 0. Elsewhere the error
 * is 3e-7, absolute or relative. */
MG_INLINE mg_vf mg_vf_gelu(mg_vf x)
{
    mg_vf a = mg_vf_abs(x), p = mg_vf_set1(5.1323934e-07f);
    p = mg_horner(p, a, -4.335107e-06f);
    p = mg_horner(p, a, 2.721347e-05f);
    p = mg_horner(p, a, -4.0017403e-05f);
    p = mg_horner(p, a, 0.00039407014f);
    p = mg_horner(p, a, 0.0007720785f);
    p = mg_horner(p, a, 0.009552419f);
    p = mg_horner(p, a, 0.04878484f);
    p = mg_horner(p, a, 0.108766384f);
    p = mg_horner(p, a, 1.0905076f);
    p = mg_vf_mul(p, p);
    p = mg_vf_mul(p, p);
    mg_vf tail = mg_vf_div(a, mg_vf_mul(p, p));
    tail = mg_vf_sel(mg_vf_lt(a, mg_vf_set1(5.6f)), tail, mg_vf_zero());
    return mg_vf_sub(mg_vf_max(mg_vf_zero(), x), tail);
}

/* ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|) */
MG_INLINE mg_vf mg_vf_softplus(mg_vf x)
{
    mg_vf e = mg_vf_exp(mg_vf_neg(mg_vf_abs(x)));
    return mg_vf_add(mg_vf_max(mg_vf_zero(), x), mg_vf_log1p(e));
}
#endif
