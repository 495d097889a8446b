/* Hyperbolic functions and their inverses; needs math.h. Largest error: 5 units in the last place. */
#ifndef MG_HYPERBOLIC_H
#define MG_HYPERBOLIC_H

/* e^(|x|/2): its square is finite as long as sinh and cosh are. */
MG_INLINE mg_vf mg_half_exp(mg_vf x)
{
    return mg_vf_exp(mg_vf_mul(mg_vf_abs(x), mg_vf_set1(0.5f)));
}

MG_INLINE mg_vf mg_vf_sinh(mg_vf x)
{
    mg_vf z = mg_vf_mul(x, x), p = mg_vf_set1(2.8174395e-06f);
    p = mg_horner(p, z, 0.00019836066f);
    p = mg_horner(p, z, 0.0083333505f);
    p = mg_horner(p, z, 0.16666667f);
    mg_vf small = mg_vf_fma(x, mg_vf_mul(p, z), x);
    mg_vf h = mg_half_exp(x), half = mg_vf_set1(0.5f);
    mg_vf large = mg_vf_sub(mg_vf_mul(mg_vf_mul(half, h), h), mg_vf_div(half, mg_vf_mul(h, h)));
    return mg_vf_sel(mg_vf_lt(mg_vf_abs(x), mg_vf_set1(1.0f)), small, mg_vf_copysign(large, x));
}

MG_INLINE mg_vf mg_vf_cosh(mg_vf x)
{
    mg_vf h = mg_half_exp(x), half = mg_vf_set1(0.5f);
    return mg_vf_add(mg_vf_mul(mg_vf_mul(half, h), h), mg_vf_div(half, mg_vf_mul(h, h)));
}

/* ln(x) + ln(2) for numbers whose square overflows or swallows 1. */
MG_INLINE mg_vf mg_log_twice(mg_vf x)
{
    return mg_vf_add(mg_vf_log(x), mg_vf_set1(0.693147181f));
}

MG_INLINE mg_vf mg_vf_asinh(mg_vf x)
{
    mg_vf a = mg_vf_abs(x), one = mg_vf_set1(1.0f), z = mg_vf_mul(a, a);
    mg_vf root = mg_vf_add(one, mg_vf_sqrt(mg_vf_add(z, one)));
    mg_vf near = mg_vf_log1p(mg_vf_add(a, mg_vf_div(z, root)));
    mg_vf y = mg_vf_sel(mg_vf_lt(a, mg_vf_set1(1e9f)), near, mg_log_twice(a));
    return mg_vf_copysign(y, x);
}

MG_INLINE mg_vf mg_vf_acosh(mg_vf x)
{
    mg_vf t = mg_vf_sub(x, mg_vf_set1(1.0f));
    mg_vf near = mg_vf_log1p(mg_vf_add(t, mg_vf_sqrt(mg_vf_fma(mg_vf_add(t, t), t, t))));
    return mg_vf_sel(mg_vf_lt(x, mg_vf_set1(1e9f)), near, mg_log_twice(x));
}

MG_INLINE mg_vf mg_vf_atanh(mg_vf x)
{
    mg_vf a = mg_vf_abs(x);
    mg_vf ratio = mg_vf_div(mg_vf_add(a, a), mg_vf_sub(mg_vf_set1(1.0f), a));
    mg_vf y = mg_vf_mul(mg_vf_log1p(ratio), mg_vf_set1(0.5f));
    return mg_vf_copysign(y, x);
}
#endif
