/* Stores and activations of sums that have become real numbers. MG_REQUANT_NARROW: the ISA has mg_requant_narrow, for 16 neighbours. */
#ifndef MG_REQUANT_STEPS_H
#define MG_REQUANT_STEPS_H
/* Four vectors to memory, `step` bytes from one to the next. */
MG_INLINE void mg_requant_store4(int8_t *p, ptrdiff_t step, int is_unsigned, mg_requant r, mg_vf a, mg_vf b, mg_vf c, mg_vf d)
{
#ifdef MG_REQUANT_NARROW
    if (step == 4) {
        mg_requant_narrow(p, is_unsigned, r, a, b, c, d);
        return;
    }
#endif
    (void)is_unsigned;
    mg_vb_store(p, mg_requant_store(r, a));
    mg_vb_store(p + step, mg_requant_store(r, b));
    mg_vb_store(p + 2 * step, mg_requant_store(r, c));
    mg_vb_store(p + 3 * step, mg_requant_store(r, d));
}

/* min(max(a + 3, 0), 6), what both hard activations start with. */
MG_INLINE mg_vf mg_hard6(mg_vf a)
{
    return mg_vf_min(mg_vf_max(mg_vf_add(a, mg_vf_set1(3.0f)), mg_vf_zero()), mg_vf_set1(6.0f));
}

/* One number at a time, up to 32 bits wide. */
MG_INLINE int32_t mg_requant_one(const float *q, float real)
{
    const float units = real * q[1];
    const int32_t zero = mg_whole(q[5]);
    if (units <= q[2]) return mg_plus(mg_whole(q[2]), zero);
    if (units >= q[3]) return q[3] >= 2147483648.0f ? INT32_MAX : mg_plus(mg_whole(q[3]), zero);
    return mg_plus(mg_whole(units + __builtin_copysignf(0.49999997f, units)), zero);
}

MG_INLINE float mg_hard6_one(float a) { return a < -3.0f ? 0.0f : a + 3.0f > 6.0f ? 6.0f : a + 3.0f; }
MG_INLINE float mg_exact_hsigmoid_one(float a) { return mg_hard6_one(a) / 6.0f; }
MG_INLINE float mg_exact_h_swish_one(float a) { return a * mg_hard6_one(a) / 6.0f; }

MG_INLINE mg_vf mg_exact_hsigmoid(mg_vf a) { return mg_vf_div(mg_hard6(a), mg_vf_set1(6.0f)); }
MG_INLINE mg_vf mg_exact_h_swish(mg_vf a) { return mg_vf_div(mg_vf_mul(a, mg_hard6(a)), mg_vf_set1(6.0f)); }
#endif
