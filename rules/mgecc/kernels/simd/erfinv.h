/* Inverses of the error functions; needs math.h. Largest relative error: 1e-6, erfcinv to its ends 3e-6.
 * Both are sign * x * P(w) with w = -ln(1 - x^2); P by three fits. */
#ifndef MG_ERFINV_H
#define MG_ERFINV_H

/* erfinv(x) / x as a function of w >= 0: up to 5 in w, up to 17 around sqrt(w) = 3.2, beyond in 1 / sqrt(w). */
MG_INLINE mg_vf mg_erfinv_core(mg_vf w)
{
    mg_vf v = mg_vf_sub(w, mg_vf_set1(2.5f));
    mg_vf p = mg_vf_set1(-8.791021e-09f);
    p = mg_horner(p, v, 2.3232625e-08f);
    p = mg_horner(p, v, 4.6617018e-07f);
    p = mg_horner(p, v, -3.4627046e-06f);
    p = mg_horner(p, v, -4.9633454e-06f);
    p = mg_horner(p, v, 0.00021834444f);
    p = mg_horner(p, v, -0.0012527419f);
    p = mg_horner(p, v, -0.004177387f);
    p = mg_horner(p, v, 0.24664028f);
    p = mg_horner(p, v, 1.5014094f);
    mg_vf s = mg_vf_sqrt(w), u = mg_vf_sub(s, mg_vf_set1(3.2f));
    mg_vf q = mg_vf_set1(9.92864e-05f);
    q = mg_horner(q, u, -0.0001141361f);
    q = mg_horner(q, u, -0.00035829574f);
    q = mg_horner(q, u, 0.0011563167f);
    q = mg_horner(q, u, -0.0019928494f);
    q = mg_horner(q, u, 0.0029254626f);
    q = mg_horner(q, u, -0.0042944546f);
    q = mg_horner(q, u, 0.005976108f);
    q = mg_horner(q, u, 1.0046924f);
    q = mg_horner(q, u, 3.0336366f);
    mg_vf i = mg_vf_div(mg_vf_set1(1.0f), s);
    mg_vf r = mg_vf_set1(-9.8945875f);
    r = mg_horner(r, i, 13.547142f);
    r = mg_horner(r, i, -8.814337f);
    r = mg_horner(r, i, 3.9752326f);
    r = mg_horner(r, i, -1.1333456f);
    r = mg_horner(r, i, -0.032606754f);
    r = mg_horner(r, i, 1.0004357f);
    q = mg_vf_sel(mg_vf_lt(s, mg_vf_set1(4.2f)), q, mg_vf_mul(r, s));
    return mg_vf_sel(mg_vf_lt(w, mg_vf_set1(5.0f)), p, q);
}

/* y where |x| < 1, an infinity of the sign of x at its ends, NaN outside. */
MG_INLINE mg_vf mg_erfinv_edges(mg_vf x, mg_vf y)
{
    mg_vf a = mg_vf_abs(x), one = mg_vf_set1(1.0f);
    mg_vf end = mg_vf_copysign(mg_vf_bits(mg_vi_set1(0x7f800000)), x);
    y = mg_vf_sel(mg_vf_lt(a, one), y, mg_vf_bits(mg_vi_set1(0x7fc00000)));
    return mg_vf_sel(mg_vf_eq(a, one), end, y);
}

MG_INLINE mg_vf mg_vf_erfinv(mg_vf x)
{
    mg_vf one = mg_vf_set1(1.0f);
    mg_vf w = mg_vf_neg(mg_vf_log(mg_vf_mul(mg_vf_sub(one, x), mg_vf_add(one, x))));
    return mg_erfinv_edges(x, mg_vf_mul(x, mg_erfinv_core(mg_vf_max(mg_vf_zero(), w))));
}

/* 0 < x < 2. Below 1/2, 1 - x^2 is computed from x itself. */
MG_INLINE mg_vf mg_vf_erfcinv(mg_vf x)
{
    mg_vf one = mg_vf_set1(1.0f), two = mg_vf_set1(2.0f), c = mg_vf_sub(one, x);
    mg_vf w = mg_vf_neg(mg_vf_add(mg_vf_log(x), mg_vf_log(mg_vf_sub(two, x))));
    mg_vf y = mg_vf_mul(c, mg_erfinv_core(mg_vf_max(mg_vf_zero(), w)));
    mg_vf open = mg_vf_sel(mg_vf_lt(mg_vf_abs(c), one), c, mg_vf_mul(c, mg_vf_set1(0.5f)));
    mg_vm inside = mg_vm_and(mg_vf_lt(mg_vf_zero(), x), mg_vf_lt(x, two));
    return mg_vf_sel(inside, y, mg_erfinv_edges(c, open));
}
#endif
