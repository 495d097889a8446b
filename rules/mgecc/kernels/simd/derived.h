/* What follows from the rest of the vocabulary; every ISA header ends with it.
 * MG_EMULATE_FLOOR: the ISA has no rounding instructions, floor and ceil are made from trunc. */
#ifndef MG_DERIVED_H
#define MG_DERIVED_H

/* Magnitude of the first, sign of the second. */
MG_INLINE mg_vf mg_vf_copysign(mg_vf magnitude, mg_vf sign)
{
    mg_vi mask = mg_vi_set1(INT32_MIN);
    mg_vi bits = mg_vi_and(mg_vi_bits(sign), mask);
    return mg_vf_bits(mg_vi_or(mg_vi_bits(mg_vf_abs(magnitude)), bits));
}

#ifdef MG_EMULATE_FLOOR
MG_INLINE mg_vf mg_vf_floor(mg_vf a)
{
    mg_vf t = mg_vf_trunc(a);
    return mg_vf_sel(mg_vf_lt(a, t), mg_vf_sub(t, mg_vf_set1(1.0f)), t);
}

MG_INLINE mg_vf mg_vf_ceil(mg_vf a)
{
    mg_vf t = mg_vf_trunc(a);
    return mg_vf_sel(mg_vf_lt(t, a), mg_vf_add(t, mg_vf_set1(1.0f)), t);
}
#endif

/* Half away from zero. Adding the float below one half never carries a smaller fraction over the next integer. */
MG_INLINE mg_vf mg_vf_round(mg_vf a)
{
    return mg_vf_trunc(mg_vf_add(a, mg_vf_copysign(mg_vf_set1(0.49999997f), a)));
}

/* Half to even: beyond 2^23 no float has a fraction. */
MG_INLINE mg_vf mg_vf_round_even(mg_vf a)
{
    mg_vf whole = mg_vf_set1(8388608.0f), size = mg_vf_abs(a);
    mg_vf even = mg_vf_sub(mg_vf_add(size, whole), whole);
    return mg_vf_sel(mg_vf_lt(size, whole), mg_vf_copysign(even, a), a);
}

/* True only where a is not a number. */
MG_INLINE mg_vm mg_vf_isnan(mg_vf a)
{
    return mg_vm_not(mg_vf_eq(a, a));
}
#endif
