/* Circular functions and their inverses; needs math.h.
 *
 * Largest error, in units in the last place: sin, cos 3 (for |x| <= 8192; absolute 1e-6 to 1e5), tan 4, asin 4, acos 4,
 * atan2 4. Arguments beyond 1e5 give some number of -1 to 1, infinities NaN. */
#ifndef MG_TRIG_H
#define MG_TRIG_H

/* x = n pi/2 + r with |r| <= pi/4 (a little more at the ends); n modulo 4 in the low bits of *n. pi/2 in three parts
 * of few bits: products with n below 2^13 are exact. */
MG_INLINE mg_vf mg_trig_reduce(mg_vf x, mg_vi *n)
{
    mg_vf magic = mg_vf_set1(12582912.0f);
    mg_vf t = mg_vf_add(mg_vf_mul(x, mg_vf_set1(0.63661977f)), magic);
    mg_vf k = mg_vf_sub(t, magic);
    *n = mg_vi_bits(t);
    mg_vf r = mg_vf_fms(x, k, mg_vf_set1(1.5703125f));
    r = mg_vf_fms(r, k, mg_vf_set1(4.837512969970703125e-4f));
    r = mg_vf_fms(r, k, mg_vf_set1(7.5497899548918821e-8f));
    mg_vf limit = mg_vf_set1(0.9f);
    return mg_vf_min(limit, mg_vf_max(mg_vf_neg(limit), r));
}

MG_INLINE mg_vf mg_sin_core(mg_vf r)
{
    mg_vf z = mg_vf_mul(r, r), p = mg_vf_set1(2.7181218e-06f);
    p = mg_horner(p, z, -0.00019839316f);
    p = mg_horner(p, z, 0.008333329f);
    p = mg_horner(p, z, -0.16666667f);
    return mg_vf_fma(r, mg_vf_mul(p, z), r);
}

MG_INLINE mg_vf mg_cos_core(mg_vf r)
{
    mg_vf z = mg_vf_mul(r, r), p = mg_vf_set1(-2.7208475e-07f);
    p = mg_horner(p, z, 2.47995e-05f);
    p = mg_horner(p, z, -0.0013888883f);
    p = mg_horner(p, z, 0.041666668f);
    mg_vf y = mg_vf_fms(mg_vf_set1(1.0f), z, mg_vf_set1(0.5f));
    return mg_vf_fma(y, mg_vf_mul(z, z), p);
}

MG_INLINE mg_vm mg_odd(mg_vi n)
{
    return mg_vi_eq(mg_vi_and(n, mg_vi_set1(1)), mg_vi_set1(1));
}

/* NaN where x is not finite, y elsewhere. */
MG_INLINE mg_vf mg_finite_only(mg_vf x, mg_vf y)
{
    mg_vm finite = mg_vf_lt(mg_vf_abs(x), mg_vf_bits(mg_vi_set1(0x7f800000)));
    return mg_vf_sel(finite, y, mg_vf_bits(mg_vi_set1(0x7fc00000)));
}

/* sin(x + quarter pi/2) */
MG_INLINE mg_vf mg_sin_quarter(mg_vf x, int32_t quarter)
{
    mg_vi n;
    mg_vf r = mg_trig_reduce(x, &n);
    n = mg_vi_add(n, mg_vi_set1(quarter));
    mg_vf y = mg_vf_sel(mg_odd(n), mg_cos_core(r), mg_sin_core(r));
    mg_vi sign = mg_vi_shl(mg_vi_and(n, mg_vi_set1(2)), 30);
    return mg_finite_only(x, mg_vf_bits(mg_vi_xor(mg_vi_bits(y), sign)));
}

MG_INLINE mg_vf mg_vf_sin(mg_vf x)
{
    return mg_vf_sel(mg_vf_eq(x, mg_vf_zero()), x, mg_sin_quarter(x, 0));
}

MG_INLINE mg_vf mg_vf_cos(mg_vf x) { return mg_sin_quarter(x, 1); }

MG_INLINE mg_vf mg_vf_tan(mg_vf x)
{
    mg_vi n;
    mg_vf r = mg_trig_reduce(x, &n), s = mg_sin_core(r), c = mg_cos_core(r);
    mg_vm odd = mg_odd(n);
    mg_vf y = mg_vf_div(mg_vf_sel(odd, mg_vf_neg(c), s), mg_vf_sel(odd, s, c));
    return mg_vf_sel(mg_vf_eq(x, mg_vf_zero()), x, mg_finite_only(x, y));
}

/* (asin(s) - s) for s = sqrt(z), 0 <= z <= 1/4. */
MG_INLINE mg_vf mg_asin_rest(mg_vf z, mg_vf s)
{
    mg_vf p = mg_vf_set1(0.037565213f);
    p = mg_horner(p, z, 0.0144026f);
    p = mg_horner(p, z, 0.03181761f);
    p = mg_horner(p, z, 0.04451572f);
    p = mg_horner(p, z, 0.07500511f);
    p = mg_horner(p, z, 0.1666666f);
    return mg_vf_mul(mg_vf_mul(p, z), s);
}

/* Beyond one half, asin(a) = pi/2 - 2 asin(sqrt((1 - a) / 2)). */
MG_INLINE mg_vf mg_vf_asin(mg_vf x)
{
    mg_vf a = mg_vf_abs(x);
    mg_vm far = mg_vf_lt(mg_vf_set1(0.5f), a);
    mg_vf other = mg_vf_mul(mg_vf_sub(mg_vf_set1(1.0f), a), mg_vf_set1(0.5f));
    mg_vf z = mg_vf_sel(far, other, mg_vf_mul(a, a)), s = mg_vf_sel(far, mg_vf_sqrt(other), a);
    mg_vf y = mg_vf_add(s, mg_asin_rest(z, s));
    y = mg_vf_sel(far, mg_vf_sub(mg_vf_set1(1.57079633f), mg_vf_add(y, y)), y);
    return mg_vf_copysign(y, x);
}

MG_INLINE mg_vf mg_vf_acos(mg_vf x)
{
    mg_vf a = mg_vf_abs(x);
    mg_vm far = mg_vf_lt(mg_vf_set1(0.5f), a);
    mg_vf other = mg_vf_mul(mg_vf_sub(mg_vf_set1(1.0f), a), mg_vf_set1(0.5f));
    mg_vf z = mg_vf_sel(far, other, mg_vf_mul(x, x)), s = mg_vf_sel(far, mg_vf_sqrt(other), x);
    mg_vf y = mg_vf_add(s, mg_asin_rest(z, s)), two = mg_vf_add(y, y);
    mg_vf back = mg_vf_add(mg_vf_sub(mg_vf_set1(3.14159274f), two), mg_vf_set1(-8.742278e-8f));
    mg_vf near = mg_vf_sub(mg_vf_set1(1.57079637f), mg_vf_add(y, mg_vf_set1(4.371139e-8f)));
    return mg_vf_sel(far, mg_vf_sel(mg_vf_lt(x, mg_vf_zero()), back, two), near);
}

/* atan(t) for 0 <= t <= 1. */
MG_INLINE mg_vf mg_atan_core(mg_vf t)
{
    mg_vf z = mg_vf_mul(t, t), p = mg_vf_set1(0.0011348939f);
    p = mg_horner(p, z, -0.0074227145f);
    p = mg_horner(p, z, 0.022760503f);
    p = mg_horner(p, z, -0.044946633f);
    p = mg_horner(p, z, 0.067595854f);
    p = mg_horner(p, z, -0.088188544f);
    p = mg_horner(p, z, 0.11060246f);
    p = mg_horner(p, z, -0.14280131f);
    p = mg_horner(p, z, 0.19999693f);
    p = mg_horner(p, z, -0.33333328f);
    return mg_vf_fma(t, mg_vf_mul(p, z), t);
}

/* Angle of the point (x, y), y first as in C; the signs of zeros count. */
MG_INLINE mg_vf mg_vf_atan2(mg_vf y, mg_vf x)
{
    mg_vf ay = mg_vf_abs(y), ax = mg_vf_abs(x), one = mg_vf_set1(1.0f);
    mg_vf low = mg_vf_min(ay, ax), high = mg_vf_max(ay, ax);
    mg_vf t = mg_vf_div(low, high);
    t = mg_vf_sel(mg_vf_eq(low, high), one, t);
    t = mg_vf_sel(mg_vf_eq(high, mg_vf_zero()), mg_vf_zero(), t);
    mg_vf a = mg_atan_core(t);
    a = mg_vf_sel(mg_vf_lt(ax, ay), mg_vf_sub(mg_vf_set1(1.57079637f), mg_vf_add(a, mg_vf_set1(4.371139e-8f))), a);
    mg_vm left = mg_vi_lt(mg_vi_bits(x), mg_vi_zero());
    a = mg_vf_sel(left, mg_vf_sub(mg_vf_set1(3.14159274f), mg_vf_add(a, mg_vf_set1(8.742278e-8f))), a);
    mg_vf sum = mg_vf_add(x, y);
    mg_vm known = mg_vm_and(mg_vf_eq(x, x), mg_vf_eq(y, y));
    return mg_vf_sel(known, mg_vf_copysign(a, y), sum);
}
#endif
