/* General power; needs math.h. Largest relative error: 2e-6 (at results near the ends of the float range). */
#ifndef MG_POW_H
#define MG_POW_H

/* a + b exactly, as the rounded sum and *rest. |a| >= |b| or a = 0. */
MG_INLINE mg_vf mg_two_sum(mg_vf a, mg_vf b, mg_vf *rest)
{
    mg_vf s = mg_vf_add(a, b);
    *rest = mg_vf_add(*rest, mg_vf_sub(b, mg_vf_sub(s, a)));
    return s;
}

/* The upper half of a number's digits: products of two such numbers are exact. */
MG_INLINE mg_vf mg_upper(mg_vf a)
{
    return mg_vf_bits(mg_vi_and(mg_vi_bits(a), mg_vi_set1((int32_t)0xfffff000)));
}

/* a^b for a > 0: e^(b ln a) with the logarithm and the product in two parts each. */
MG_INLINE mg_vf mg_pow_core(mg_vf a, mg_vf b)
{
    mg_vf t, e, low = mg_vf_zero();
    mg_vf rest = mg_log_core(a, &t, &e);
    mg_vf high = mg_two_sum(mg_vf_mul(e, mg_vf_set1(0.693359375f)), t, &low);
    low = mg_vf_fma(low, e, mg_vf_set1(-2.12194440e-4f));
    high = mg_two_sum(high, rest, &low);
    b = mg_vf_min(mg_vf_set1(1e30f), mg_vf_max(mg_vf_set1(-1e30f), b));
    mg_vf bu = mg_upper(b), hu = mg_upper(high);
    mg_vf main = mg_vf_mul(bu, hu);
    mg_vf small = mg_vf_fma(mg_vf_mul(b, low), mg_vf_sub(b, bu), high);
    small = mg_vf_fma(small, bu, mg_vf_sub(high, hu));
    mg_vm sane = mg_vf_lt(mg_vf_abs(main), mg_vf_set1(200.0f));
    mg_vf limited = mg_vf_min(mg_vf_set1(200.0f), mg_vf_max(mg_vf_set1(-200.0f), main));
    small = mg_vf_sel(sane, small, mg_vf_zero());
    mg_vf sum = mg_vf_add(limited, small), left = mg_vf_sub(small, mg_vf_sub(sum, limited));
    mg_vf p = mg_vf_exp(sum);
    mg_vm finite = mg_vf_lt(p, mg_vf_set1(1e38f));
    return mg_vf_sel(finite, mg_vf_fma(p, p, left), p);
}

/* C's powf: the special cases in the order of rising precedence. */
MG_INLINE mg_vf mg_vf_pow(mg_vf x, mg_vf y)
{
    mg_vf zero = mg_vf_zero(), one = mg_vf_set1(1.0f), inf = mg_vf_bits(mg_vi_set1(0x7f800000));
    mg_vf nan = mg_vf_bits(mg_vi_set1(0x7fc00000)), a = mg_vf_abs(x);
    mg_vf half = mg_vf_mul(y, mg_vf_set1(0.5f));
    mg_vm whole = mg_vf_eq(mg_vf_trunc(y), y), odd = mg_vm_and(whole, mg_vm_not(mg_vf_eq(mg_vf_trunc(half), half)));
    mg_vm down = mg_vf_lt(y, zero), far = mg_vf_eq(mg_vf_abs(y), inf);
    mg_vf r = mg_pow_core(a, y);
    r = mg_vf_sel(mg_vf_eq(a, inf), mg_vf_sel(down, zero, inf), r);
    r = mg_vf_sel(mg_vf_eq(a, zero), mg_vf_sel(down, inf, zero), r);
    mg_vm grows = mg_vm_or(mg_vm_and(down, mg_vf_lt(a, one)), mg_vm_and(mg_vm_not(down), mg_vf_lt(one, a)));
    r = mg_vf_sel(far, mg_vf_sel(grows, inf, zero), r);
    r = mg_vf_sel(mg_vm_and(far, mg_vf_eq(a, one)), one, r);
    mg_vm minus = mg_vi_lt(mg_vi_bits(x), mg_vi_zero());
    r = mg_vf_sel(mg_vm_and(minus, odd), mg_vf_neg(r), r);
    mg_vm domain = mg_vm_and(mg_vf_lt(x, zero), mg_vf_lt(a, inf));
    r = mg_vf_sel(mg_vm_and(domain, mg_vm_not(whole)), nan, r);
    r = mg_vf_sel(mg_vm_or(mg_vf_isnan(x), mg_vf_isnan(y)), nan, r);
    return mg_vf_sel(mg_vm_or(mg_vf_eq(y, zero), mg_vf_eq(x, one)), one, r);
}
#endif
